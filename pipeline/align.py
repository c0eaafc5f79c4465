"""Putting rows of one rate onto another grid."""

import numpy as np
from jaxtyping import Bool, Float32

from pipeline.features import Features


def pool_to_rate(
    features: Features, rate_hz: float | None
) -> tuple[Float32[np.ndarray, "steps features"], Bool[np.ndarray, "steps"]]:
    """Average the measured rows within steps of equal length.

    A row belongs to the step that its centre falls into, so that windows of different length stay in step.

    Args:
        features: rows with their times.
        rate_hz: steps per second; None returns the rows as they are.

    Returns:
        Values and mask of the steps from the clip's start to its last row; a step without a measured row is
        zero and masked.
    """
    if rate_hz is None:
        return features.values, features.mask
    centres = features.times.mean(axis=1)
    # A hair is added so that a centre on the border of two steps falls into the same one on every machine.
    steps = np.floor(centres * rate_hz + 1e-6).astype(np.int64)
    num_steps = int(steps.max()) + 1
    counts = np.bincount(steps[features.mask], minlength=num_steps)
    sums = np.zeros((num_steps, features.values.shape[1]), np.float64)
    np.add.at(sums, steps[features.mask], features.values[features.mask])
    mask = counts > 0
    values = np.zeros(sums.shape, np.float32)
    values[mask] = sums[mask] / counts[mask, None]
    return values, mask
