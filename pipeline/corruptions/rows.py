"""Corruptions of the packed rows of one clip: dropped frames, and feature-space proxies of blur and noise.

A row is corrupted only where one was measured; padding stays zero.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64

#: Half of the widest box of the smoothing, in rows.
_HALF_BOX = 8
_ROUNDING = 1e-9


@dataclass(frozen=True)
class ClipRows:
    """Audio or vision of one clip, padded at the end.

    Attributes:
        values: one row per step.
        mask: True where a row was measured.
        length: rows before the padding; None in an aligned pack, where each row belongs to a token.
    """

    values: Float32[np.ndarray, "steps features"]
    mask: Bool[np.ndarray, "steps"]
    length: int | None


def with_rows_dropped(rows: ClipRows, part: float, random: np.random.Generator) -> ClipRows:
    """Remove a part of the rows, rounded down, and close the gaps; at least one row stays.

    In an aligned pack the rows keep their places and become masked.
    """
    places = np.flatnonzero(rows.mask) if rows.length is None else np.arange(rows.length)
    count = max(0, min(int(part * len(places) + _ROUNDING), len(places) - 1))
    lost = random.permutation(places)[:count]
    if rows.length is None:
        mask = rows.mask.copy()
        mask[lost] = False
        return ClipRows(np.where(mask[:, None], rows.values, np.float32(0)), mask, None)
    left = np.setdiff1d(places, lost)
    values, mask = np.zeros_like(rows.values), np.zeros_like(rows.mask)
    values[: len(left)], mask[: len(left)] = rows.values[left], rows.mask[left]
    return ClipRows(values, mask, len(left))


def with_noise(
    rows: ClipRows, strength: float, random: np.random.Generator, spread: Float64[np.ndarray, "features"]
) -> ClipRows:
    """Add Gaussian noise of ``strength`` standard deviations of each column over the train split (``spread``)."""
    end = _end(rows.mask)
    values = rows.values.copy()
    noise = random.standard_normal((end, len(spread))) * (strength * spread)
    values[:end] = np.where(rows.mask[:end, None], values[:end] + noise, values[:end])
    return ClipRows(values, rows.mask, rows.length)


def smoothed(rows: ClipRows, strength: float) -> ClipRows:
    """Replace each measured row by the mean of those within ``round(8 * strength)`` rows of it."""
    end, half = _end(rows.mask), round(_HALF_BOX * strength)
    values = rows.values.copy()
    for row in np.flatnonzero(rows.mask) if half else ():
        near = slice(max(0, row - half), min(end, row + half + 1))
        values[row] = rows.values[near][rows.mask[near]].mean(axis=0)
    return ClipRows(values, rows.mask, rows.length)


def _end(mask: np.ndarray) -> int:
    return int(np.flatnonzero(mask)[-1]) + 1 if mask.any() else 0
