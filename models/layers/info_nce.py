"""Contrasts with unweighted positives: within a modality by label (MECAM), between modalities by clip (CMCBEP-CL)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from models.layers.contrastive import Pairs, contrast


def contrast_within(
    vectors: Float[Tensor, "batch width"],
    present: Bool[Tensor, "batch"],
    labels: Float[Tensor, "batch"],
    *,
    radius: float,
    negative_weight: float,
    temperature: float,
) -> Float[Tensor, ""]:
    """Pull clips with similar labels together in one modality and push the others apart.

    Args:
        vectors: of one modality, any length.
        present: False for clips that lack it; they take part in no pair.
        labels: sentiment.
        radius: clips of the same sign (zero is a sign of its own) at most this far apart are positives.
        negative_weight: weight of the negatives in the denominator.
        temperature: divides the cosines.
    """
    usable = present[:, None] & present[None, :] & ~torch.eye(len(present), dtype=torch.bool, device=present.device)
    distance = (labels[:, None] - labels[None, :]).abs()
    alike = (distance <= radius) & (labels.sign()[:, None] == labels.sign()[None, :])
    pairs = Pairs((alike & usable).float(), negative_weight * (~alike & usable).float())
    return contrast(_cosines(vectors, vectors), pairs, temperature)


def contrast_between(
    first: Float[Tensor, "batch width"],
    second: Float[Tensor, "batch width"],
    present: Bool[Tensor, "batch"],
    *,
    temperature: float,
) -> Float[Tensor, ""]:
    """InfoNCE between two modalities, both directions averaged: the positive of a clip is the clip itself.

    Args:
        first: vectors of one modality, any length.
        second: of the other.
        present: False for clips that lack one of the two.
        temperature: divides the cosines.
    """
    usable = present[:, None] & present[None, :]
    same = torch.eye(len(present), dtype=torch.bool, device=present.device)
    pairs = Pairs((same & usable).float(), (~same & usable).float())
    cosines = _cosines(first, second)
    return 0.5 * (contrast(cosines, pairs, temperature) + contrast(cosines.T, pairs, temperature))


def _cosines(first: Tensor, second: Tensor) -> Tensor:
    # Half precision is too coarse for cosines divided by a small temperature.
    with torch.autocast(first.device.type, enabled=False):
        return functional.normalize(first.float(), dim=-1) @ functional.normalize(second.float(), dim=-1).T
