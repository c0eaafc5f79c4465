"""Paired tests of the difference between two models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy import stats

#: With fewer seeds a test over them has too little power.
LEAST_SEEDS = 5
_RESAMPLES = 9999


@dataclass(frozen=True)
class Difference:
    """Mean paired difference.

    Attributes:
        mean: negative if the first model has smaller errors.
        low: lower end of its 95 % confidence interval (bootstrap, percentiles).
        high: upper end.
        p: of the two-sided sign-flip test.
    """

    mean: float
    low: float
    high: float
    p: float


def paired_difference(
    errors: Float64[np.ndarray, "clips"], reference: Float64[np.ndarray, "clips"], groups: Sequence[str]
) -> Difference:
    """Compare the errors of two models on the same clips.

    The permutation test flips the signs of the differences (Fisher 1935; Good 2005), for all clips of a group together,
    since clips of one video or speaker are not independent. The seed is fixed, so equal runs give equal tables.

    Args:
        errors: per clip.
        reference: of the other model.
        groups: of each clip; resampled and flipped together. The clip's id for independent clips.
    """
    differences = errors - reference
    if not differences.any():
        return Difference(0.0, 0.0, 0.0, 1.0)
    _, group = np.unique(list(groups), return_inverse=True)
    sums, sizes = np.bincount(group, weights=differences), np.bincount(group).astype(float)
    test = stats.permutation_test(
        (sums,),
        lambda values, axis: values.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_RESAMPLES,
        rng=np.random.default_rng(0),
    )
    low, high = _interval(sums, sizes)
    return Difference(float(differences.mean()), low, high, float(test.pvalue))


def _interval(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Bootstrap interval of the mean over clips; groups are drawn as a whole."""
    if len(sums) < 2:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(0).integers(len(sums), size=(_RESAMPLES, len(sums)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)


def seed_p(scores: Float64[np.ndarray, "seeds"], reference: Float64[np.ndarray, "seeds"]) -> float:
    """P value of the paired t test over the seeds of both models; NaN for fewer than `LEAST_SEEDS`."""
    differences = scores - reference
    if len(differences) < LEAST_SEEDS or np.ptp(differences) == 0:
        return float("nan")
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for their number by Holm's step-down method (1979); NaN is not counted."""
    values = np.asarray(p_values, float)
    valid = np.flatnonzero(~np.isnan(values))
    order = valid[np.argsort(values[valid], kind="stable")]
    adjusted = np.full(len(values), np.nan)
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(order) else []
    return adjusted.tolist()
