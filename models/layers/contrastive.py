"""Contrast between clips weighted by polarity and intensity (AMCCL, repaired).

Pair (i, j) is positive if both labels have the same sign (zero is a sign of its own) and differ by at most
``radius``; all other pairs are negative. With labels in [-1, 1] and the distance d_ij = |y_i - y_j|

    W_ij = gain * exp(-d_ij / radius)                              for positive pairs,
    N_ij = negative_gain * gain * exp((d_ij - radius) / radius)    for negative pairs.
"""

import itertools
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from models._base import ModelConfig


class ContrastConfig(ModelConfig):
    """Settings of the contrast. A ``weight`` of 0 switches it off."""

    weight: float = Field(default=0.01, ge=0)
    """Share of the contrast in the total loss (gamma)."""
    inter_weight: float = Field(default=0.2, ge=0)
    """Weight of the contrast between modalities."""
    intra_weight: float = Field(default=1.0, ge=0)
    """Weight of the contrast within a modality."""
    refine_weight: float = Field(default=4.0, ge=0)
    """Weight of the pull on positive pairs (lambda)."""
    margin: float = Field(default=0.8, gt=0, le=1)
    """Margin in cosine between positive and negative pairs (alpha); cosines are in [0, 1]."""
    radius: float = Field(default=0.5, gt=0)
    """Largest label distance of a positive pair, labels in [-1, 1] (k)."""
    gain: float = Field(default=1.5, gt=0)
    """Weight of a pair at distance zero (g)."""
    negative_gain: float = Field(default=0.8, ge=0)
    """Factor on the weights of negative pairs."""
    temperature: float = Field(default=0.03, gt=0)
    """Divides cosines in the contrast (tau)."""


@dataclass(frozen=True)
class Pairs:
    """Weights between the anchors (rows) and their partners (columns); zero where a pair is of the other kind."""

    positive: Float[Tensor, "batch batch"]
    negative: Float[Tensor, "batch batch"]


def label_pairs(labels: Float[Tensor, "batch"], usable: Bool[Tensor, "batch batch"], config: ContrastConfig) -> Pairs:
    """Weigh all pairs of clips by their labels.

    Args:
        labels: in [-1, 1].
        usable: False for pairs that are left out, such as a clip with itself or with a missing modality.
        config: radius and gains.
    """
    distance = (labels[:, None] - labels[None, :]).abs()
    same_sign = labels.sign()[:, None] == labels.sign()[None, :]
    positive = same_sign & (distance <= config.radius)
    pull = config.gain * torch.exp(-distance / config.radius)
    push = config.negative_gain * config.gain * torch.exp((distance - config.radius) / config.radius)
    return Pairs(pull * (positive & usable), push * (~positive & usable))


def contrast(similarity: Float[Tensor, "batch batch"], pairs: Pairs, temperature: float) -> Float[Tensor, ""]:
    """Weighted InfoNCE with several positives, averaged over the positives of an anchor, then over anchors.

    Every positive competes with all positives and the weighted negatives of its anchor, so the value is at least zero.
    Anchors without a positive pair are left out; without any, the value is zero.
    """
    positive = pairs.positive > 0
    offsets = torch.where(positive, torch.zeros_like(similarity), pairs.negative.log())
    logits = similarity / temperature
    # An anchor without any pair has no finite logit: its row is neutralised before the sum.
    paired = torch.isfinite(offsets).any(dim=1, keepdim=True)
    log_sum = torch.logsumexp(torch.where(paired, logits + offsets, torch.zeros_like(logits)), dim=1, keepdim=True)
    return _mean_over_anchors(pairs.positive * (log_sum - logits), positive)


def refine(similarity: Float[Tensor, "batch batch"], pairs: Pairs) -> Float[Tensor, ""]:
    """Weighted distance of positive pairs, W_ij (1 - S_ij); zero when they coincide."""
    return _mean_over_anchors(pairs.positive * (1.0 - similarity), pairs.positive > 0)


def margin(similarity: Float[Tensor, "batch batch"], pairs: Pairs, alpha: float) -> Float[Tensor, ""]:
    """Hinge on the lead of an anchor's positives over its negatives; zero once the lead is ``alpha``.

    Both sides are averages with the weights of the pairs, so each is in [0, 1] and the hinge can reach zero.
    Anchors without positives or negatives are left out.
    """
    lead = _weighted_mean(similarity, pairs.positive) - _weighted_mean(similarity, pairs.negative)
    both = (pairs.positive > 0).any(dim=1) & (pairs.negative > 0).any(dim=1)
    return (torch.relu(alpha - lead) * both).sum() / both.sum().clamp_min(1)


def contrastive_loss(
    vectors: Float[Tensor, "batch modalities channels"],
    present: Bool[Tensor, "batch modalities"],
    labels: Float[Tensor, "batch"],
    config: ContrastConfig,
) -> Float[Tensor, ""]:
    """The contrast within each modality and between each two of them, both directions of the latter averaged.

    Args:
        vectors: one vector per clip and modality.
        present: False where a clip lacks the modality; it takes part in no pair of it.
        labels: in [-1, 1].
        config: weights and shapes of the terms.
    """
    clips, modalities = present.shape
    others = ~torch.eye(clips, dtype=torch.bool, device=present.device)
    total = torch.zeros((), device=vectors.device)
    # Half precision is too coarse for cosines divided by a small temperature.
    with torch.autocast(vectors.device.type, enabled=False):
        directions = functional.normalize(vectors.float(), dim=-1)
        for first, second in itertools.product(range(modalities), repeat=2):
            usable = present[:, first, None] & present[None, :, second]
            similarity = directions[:, first] @ directions[:, second].T
            if first == second:
                pairs = label_pairs(labels, usable & others, config)
                total = total + config.intra_weight * _pull(similarity, pairs, config)
            else:
                pairs = label_pairs(labels, usable, config)
                value = _pull(similarity, pairs, config) + margin(similarity, pairs, config.margin)
                total = total + config.inter_weight * 0.5 * value
    return total


def _pull(similarity: Tensor, pairs: Pairs, config: ContrastConfig) -> Tensor:
    return contrast(similarity, pairs, config.temperature) + config.refine_weight * refine(similarity, pairs)


def _mean_over_anchors(values: Tensor, chosen: Tensor) -> Tensor:
    """Mean over the chosen pairs of an anchor, then over the anchors that have any."""
    counts = chosen.sum(dim=1)
    per_anchor = (values * chosen).sum(dim=1) / counts.clamp_min(1)
    return per_anchor.sum() / (counts > 0).sum().clamp_min(1)


def _weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1e-12)
