"""Borrows missing fields from the most similar texts that have them.

The published rule takes the nearest text's value (Hu et al., "UniMSE", EMNLP 2022, section 3.1). Here several donors
are used: they vote on an emotion, weighted by similarity (a distance-weighted k-nearest-neighbour vote, Dudani
1976, https://doi.org/10.1109/TSMC.1976.5408784), or give their weighted median or mean intensity.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float

from pipeline.config.unions import BorrowConfig
from pipeline.labels.neighbours import nearest
from pipeline.labels.utterances import grid_tenths

FieldValue = TypeVar("FieldValue", bound=Hashable)


@dataclass(frozen=True)
class Borrowed(Generic[FieldValue]):
    """A borrowed value.

    Attributes:
        value: an emotion, or an intensity in tenths.
        donor: position of the most similar donor with this value, else of the most similar donor.
        similarity: cosine between the row and that donor.
        margin: similarity of that donor minus that of the next best; negative if a nearer donor was outvoted; None
            without another donor.
    """

    value: FieldValue
    donor: int
    similarity: float
    margin: float | None


@dataclass(frozen=True)
class _Donors(Generic[FieldValue]):
    """The donors of one row, the most similar first."""

    values: list[FieldValue]
    weights: list[float]


def borrow_emotions(
    rows: Float[np.ndarray, "rows width"],
    donors: Float[np.ndarray, "donors width"],
    emotions: Sequence[str],
    settings: BorrowConfig,
) -> list[Borrowed[str] | None]:
    """Vote on an emotion for every row; ties go to the emotion with the nearest donor.

    Args:
        rows: vectors of the rows that lack it.
        donors: vectors of the rows that have it, in the order that decides ties.
        emotions: of the donors.
        settings: number of donors and their weights.
    """
    return _borrow(rows, donors, emotions, settings, _vote)


def borrow_intensities(
    rows: Float[np.ndarray, "rows width"],
    donors: Float[np.ndarray, "donors width"],
    tenths: Sequence[int],
    settings: BorrowConfig,
) -> list[Borrowed[int] | None]:
    """Give every row the median or mean intensity of its donors, in tenths. All donors have the same sign.

    Args:
        rows: vectors of the rows that lack it.
        donors: vectors of the rows that have it, in the order that decides ties.
        tenths: intensities of the donors.
        settings: number of donors and their weights.
    """
    return _borrow(rows, donors, tenths, settings, _median if settings.intensity == "median" else _mean)


def _borrow(
    rows: np.ndarray,
    donors: np.ndarray,
    values: Sequence[FieldValue],
    settings: BorrowConfig,
    choose: Callable[["_Donors[FieldValue]"], FieldValue],
) -> list[Borrowed[FieldValue] | None]:
    neighbours = nearest(rows, donors, max(settings.neighbours, 2))
    weights = _weights(neighbours.similarity[:, : settings.neighbours], settings)
    borrowed: list[Borrowed[FieldValue] | None] = []
    for index, similarity, weight in zip(
        neighbours.index.tolist(), neighbours.similarity.tolist(), weights.tolist(), strict=True
    ):
        count = sum(share > 0 for share in weight)
        used = _Donors([values[donor] for donor in index[:count]], weight[:count])
        borrowed.append(_with_donor(choose(used), used.values, index, similarity) if count else None)
    return borrowed


def _weights(similarity: Float[np.ndarray, "rows count"], settings: BorrowConfig) -> Float[np.ndarray, "rows count"]:
    """Weights relative to the nearest donor's; zero for donors that are not similar enough."""
    usable = np.nan_to_num(similarity, nan=-np.inf) >= settings.min_similarity
    if settings.temperature is None:
        return usable.astype(float)
    return np.where(usable, np.exp((similarity - similarity[:, :1]) / settings.temperature), 0.0)


def _with_donor(
    value: FieldValue, used: Sequence[FieldValue], index: Sequence[int], similarity: Sequence[float]
) -> Borrowed[FieldValue]:
    place = used.index(value) if value in used else 0
    others = [other for other, donor in zip(similarity, index, strict=True) if donor not in (-1, index[place])]
    margin = round(similarity[place] - max(others), 6) if others else None
    return Borrowed(value, index[place], similarity[place], margin)


def _vote(used: _Donors[str]) -> str:
    votes: dict[str, float] = {}
    for value, weight in zip(used.values, used.weights, strict=True):
        votes[value] = votes.get(value, 0.0) + weight
    return max(votes, key=lambda value: votes[value])


def _median(used: _Donors[int]) -> int:
    """The smallest intensity whose weight, with that of all weaker ones, reaches half of all."""
    half, total = sum(used.weights) / 2, 0.0
    pairs = sorted(zip(used.values, used.weights, strict=True), key=lambda pair: (abs(pair[0]), pair[1]))
    for value, weight in pairs:
        total += weight
        if total >= half - 1e-12:
            return value
    return pairs[-1][0]


def _mean(used: _Donors[int]) -> int:
    total = sum(value * weight for value, weight in zip(used.values, used.weights, strict=True))
    return grid_tenths(total / sum(used.weights) / 10)
