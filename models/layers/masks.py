"""Pooling over rows that respects masks. A clip without a single measured row gives zeros, never NaN."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def masked_mean(
    values: Float[Tensor, "batch steps features"], mask: Bool[Tensor, "batch steps"]
) -> Float[Tensor, "batch features"]:
    """Mean over the measured rows; zero where there are none."""
    weights = mask.unsqueeze(-1).to(values.dtype)
    return (values * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1.0)


def last_valid(
    values: Float[Tensor, "batch steps features"], mask: Bool[Tensor, "batch steps"]
) -> Float[Tensor, "batch features"]:
    """The last measured row, independent of the padding; zero if there is none."""
    positions = torch.arange(mask.shape[1], device=mask.device)
    last = torch.where(mask, positions, 0).amax(dim=1)
    rows = values[torch.arange(len(values), device=values.device), last]
    return rows * mask.any(dim=1, keepdim=True).to(rows.dtype)


def non_empty_mask(mask: Bool[Tensor, "batch steps"]) -> Bool[Tensor, "batch steps"]:
    """The mask, with the first row set to True if all are False.

    Attention over nothing is NaN; the pooling discards the values computed instead.
    """
    first = torch.arange(mask.shape[1], device=mask.device) == 0
    return mask | (first & ~mask.any(dim=1, keepdim=True))
