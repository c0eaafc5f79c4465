"""Pooling rows onto another grid: steps of equal length, or words."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32, Float64

from pipeline.features.features import Features

Pool = Literal["mean", "max"]


def pool_to_rate(
    features: Features, rate_hz: float | None, pool: Pool = "mean"
) -> tuple[Float32[np.ndarray, "steps features"], Bool[np.ndarray, "steps"]]:
    """Pool the measured rows within steps of equal length.

    A row belongs to the step that contains its centre, so that windows of different length stay synchronous.

    Args:
        features: rows with their times.
        rate_hz: steps per second; None returns the rows as they are.
        pool: how to combine several rows of a step.

    Returns:
        Values and mask of the steps from the clip's start to its last row; a step without a measured row is
        zero and masked.
    """
    if rate_hz is None:
        return features.values, features.mask
    centres = features.times.mean(axis=1)
    # Without the small offset, a centre on the border of two steps could fall into either, depending on the machine.
    steps = np.floor(centres * rate_hz + 1e-6).astype(np.int64)
    num_steps = int(steps.max()) + 1
    rows, groups = features.values[features.mask], steps[features.mask]
    counts = np.bincount(groups, minlength=num_steps)
    if pool == "max":
        pooled = np.full((num_steps, rows.shape[1]), -np.inf)
        np.maximum.at(pooled, groups, rows)
    else:
        pooled = np.zeros((num_steps, rows.shape[1]))
        np.add.at(pooled, groups, rows)
        pooled /= np.maximum(counts, 1)[:, None]
    mask = counts > 0
    return np.where(mask[:, None], pooled, 0).astype(np.float32), mask


def pool_to_words(
    features: Features,
    word_times: Float64[np.ndarray, "words 2"],
    word_mask: Bool[np.ndarray, "words"],
    pool: Pool = "mean",
) -> tuple[Float32[np.ndarray, "words features"], Bool[np.ndarray, "words"]]:
    """Pool the measured rows that overlap each word's interval.

    Args:
        features: rows with their times.
        word_times: start and end of each word in seconds of the clip.
        word_mask: False for words without a time.
        pool: how to combine several rows of a word.

    Returns:
        Values and mask per word; a word without a time, or during which nothing was measured, is zero and masked.
    """
    values = np.zeros((len(word_times), features.values.shape[1]), np.float32)
    mask = np.zeros(len(word_times), bool)
    join = np.max if pool == "max" else np.mean
    for index in np.flatnonzero(word_mask):
        start_s, end_s = word_times[index]
        rows = features.mask & (features.times[:, 0] < end_s) & (features.times[:, 1] > start_s)
        if rows.any():
            values[index] = join(features.values[rows].astype(np.float64), axis=0)
            mask[index] = True
    return values, mask
