"""Normalisation by statistics of the train split, stored in the card and applied to new clips."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32, Float64

from pipeline.packs.schema import Normalisation

Method = Literal["none", "zscore", "robust"]

#: The interquartile range of a normal distribution of standard deviation 1.
_NORMAL_IQR = 1.349
#: A feature that varies less than this over the train split is constant; it is centred, not scaled up.
_FLAT = 1e-6
#: Memory for the columns whose quartiles are computed at once.
_COLUMN_BYTES = 256 << 20


@dataclass(frozen=True)
class Scaler:
    """Subtracts ``mean`` (the median if robust) and divides by ``scale``, on measured rows only."""

    method: Method
    mean: Float64[np.ndarray, "features"]
    scale: Float64[np.ndarray, "features"]

    def apply(
        self, values: Float32[np.ndarray, "*steps features"], mask: Bool[np.ndarray, "*steps"]
    ) -> Float32[np.ndarray, "*steps features"]:
        """Scale measured rows; rows that were not measured become zero."""
        scaled = values if self.method == "none" else (values - self.mean) / self.scale
        return np.where(mask[..., None], scaled, 0).astype(np.float32)

    def described(self) -> Normalisation:
        """The statistics for the card."""
        if self.method == "none":
            return Normalisation(method="none")
        return Normalisation(method=self.method, mean=self.mean.tolist(), scale=self.scale.tolist())


#: Changes nothing.
UNSCALED = Scaler("none", np.zeros(1), np.ones(1))


def scaler_of(statistics: Normalisation) -> Scaler:
    """The scaler of a card's statistics."""
    if statistics.method == "none":
        return UNSCALED
    return Scaler(statistics.method, np.array(statistics.mean), np.array(statistics.scale))


def fit_scaler(
    method: Method,
    values: Mapping[str, Float32[np.ndarray, "_ features"]],
    masks: Mapping[str, Bool[np.ndarray, "_"]],
    train: Sequence[str],
) -> Scaler:
    """Centre and spread of the measured rows of the train clips, taken in the order of ``train``.

    Args:
        method: ``none`` gives a scaler that changes nothing.
        values: rows per clip.
        masks: measured rows per clip.
        train: the clips whose statistics count.
    """
    width = next((rows.shape[1] for rows in values.values()), 0)
    clips = [clip_id for clip_id in train if clip_id in values]
    count = sum(int(masks[clip_id].sum()) for clip_id in clips)
    if method == "none" or count == 0:
        return UNSCALED
    if method == "robust":
        low, centre, high = _quartiles(lambda: _measured(values, masks, clips), count, width)
        spread = (high - low) / _NORMAL_IQR
    else:
        centre = sum(rows.sum(0) for rows in _measured(values, masks, clips)) / count
        spread = np.sqrt(sum(((rows - centre) ** 2).sum(0) for rows in _measured(values, masks, clips)) / count)
    return Scaler(method, centre, np.where(spread > _FLAT, spread, 1.0))


def _measured(
    values: Mapping[str, np.ndarray], masks: Mapping[str, np.ndarray], clips: Sequence[str]
) -> Iterator[Float64[np.ndarray, "_ features"]]:
    """One clip after the other: the rows of all clips may not fit into memory."""
    return (values[clip_id][masks[clip_id]].astype(np.float64) for clip_id in clips)


def _quartiles(passes: Callable[[], Iterator[np.ndarray]], count: int, width: int) -> Float64[np.ndarray, "3 {width}"]:
    """Quartiles of each column, of as many columns at a time as fit into memory."""
    step = max(1, _COLUMN_BYTES // (8 * count))
    return np.concatenate(
        [
            np.percentile(np.concatenate([rows[:, start : start + step] for rows in passes()]), (25, 50, 75), axis=0)
            for start in range(0, width, step)
        ],
        axis=1,
    )
