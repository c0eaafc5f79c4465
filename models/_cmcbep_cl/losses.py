"""Losses between modalities: pair discrimination, orthogonal specific parts, equal means (CMCBEP-CL)."""

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from models._base import ModelConfig


class LossWeights(ModelConfig):
    """Shares of the terms in the total loss; 0 switches one off. Terms over pairs are means over the three pairs."""

    prediction: float = Field(default=4 / 3, ge=0)
    """Error of the final prediction."""
    fused: float = Field(default=2 / 3, ge=0)
    """Error of the prediction from the first fusion."""
    unimodal: float = Field(default=1.0, ge=0)
    """Error of the unimodal predictions, mean over the modalities present."""
    contrast: float = Field(default=0.1, ge=0)
    """Contrast between the modalities of a clip (lambda)."""
    information: float = Field(default=0.1, ge=0)
    """Discrimination of pairs of one clip from pairs of two."""
    orthogonality: float = Field(default=0.5, ge=0)
    """Similarity of the modalities' specific parts."""
    means: float = Field(default=1.0, ge=0)
    """Distance of the modalities' means after the projection of the contrast."""


def discrimination(
    matched: Float[Tensor, "batch"], mismatched: Float[Tensor, "batch"], present: Bool[Tensor, "batch both"]
) -> Float[Tensor, ""]:
    """Cross-entropy of discriminating pairs of one clip from pairs of two.

    Up to a constant, its negative bounds the Jensen-Shannon divergence between joint and product distribution from
    below (Hjelm et al. 2019). It is zero if a batch has no pair of two clips.

    Args:
        matched: logits of the first modality with the second of the same clip.
        mismatched: logits with the second of the clip before, as ``torch.roll`` gives it.
        present: whether a clip has the first and the second modality.
    """
    true_pair = present.all(dim=1)
    false_pair = present[:, 0] & present[:, 1].roll(1, 0)
    if len(matched) == 1:
        false_pair = torch.zeros_like(false_pair)
    loss = _mean(functional.softplus(-matched), true_pair) + _mean(functional.softplus(mismatched), false_pair)
    return loss * (false_pair.any() & true_pair.any())


def orthogonality(
    first: Float[Tensor, "batch width"], second: Float[Tensor, "batch width"], present: Bool[Tensor, "batch"]
) -> Float[Tensor, ""]:
    """Mean square of the products of the features of two modalities (MISA's difference loss, behind a sigmoid).

    Features are centred over the batch, vectors scaled to length one without a gradient through the length.
    """
    sides = [_centred_directions(torch.sigmoid(vectors.float()), present) for vectors in (first, second)]
    return (sides[0].T @ sides[1]).square().mean()


def mean_distance(
    first: Float[Tensor, "batch width"], second: Float[Tensor, "batch width"], present: Bool[Tensor, "batch"]
) -> Float[Tensor, ""]:
    """Distance of the batch means of two modalities, behind a sigmoid: the first central moment discrepancy."""
    means = [_mean_row(torch.sigmoid(vectors.float()), present) for vectors in (first, second)]
    return torch.linalg.vector_norm(means[0] - means[1])


def _centred_directions(vectors: Tensor, present: Tensor) -> Tensor:
    centred = (vectors - _mean_row(vectors, present)) * present.unsqueeze(-1)
    return centred / centred.detach().norm(dim=1, keepdim=True).clamp_min(1e-6)


def _mean_row(vectors: Tensor, present: Tensor) -> Tensor:
    return (vectors * present.unsqueeze(-1)).sum(dim=0) / present.sum().clamp_min(1)


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp_min(1)
