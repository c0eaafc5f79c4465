"""The most similar donors of every row, by cosine, in blocks that bound the memory."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

#: Rows and donors of a block, which needs about 100 MB.
_BLOCK_ROWS, _BLOCK_DONORS = 256, 8192
#: Similarities are rounded to this before they are ranked.
_PARTS = 1_000_000


@dataclass(frozen=True)
class Neighbours:
    """Donors of every row, the most similar first.

    Attributes:
        index: position of each donor; -1 if there are fewer.
        similarity: cosine, six decimals; NaN if there is none.
    """

    index: Int64[np.ndarray, "rows count"]
    similarity: Float[np.ndarray, "rows count"]


def nearest(rows: Float[np.ndarray, "rows width"], donors: Float[np.ndarray, "donors width"], count: int) -> Neighbours:
    """Find the ``count`` most similar donors of every row; ties go to the donor that comes first.

    Products are summed in double precision and rounded to six decimals, so that the ranking depends neither on the
    blocks nor on threads, and equal texts tie exactly. A similarity and a donor are ranked as one whole number.

    Args:
        rows: unit vectors.
        donors: likewise.
        count: donors wanted.
    """
    size = min(count, len(donors))
    ranks = np.full((len(rows), size), np.iinfo(np.int64).min, np.int64)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        ranks[block] = _block_ranks(rows[block].astype(np.float64), donors, size)
    index = len(donors) - 1 - ranks % max(len(donors), 1)
    similarity = (ranks // max(len(donors), 1)) / _PARTS
    missing = ((0, 0), (0, count - size))
    return Neighbours(np.pad(index, missing, constant_values=-1), np.pad(similarity, missing, constant_values=np.nan))


def _block_ranks(rows: np.ndarray, donors: np.ndarray, size: int) -> np.ndarray:
    """Ranks of the best donors, in descending order."""
    best = np.empty((len(rows), 0), np.int64)
    for start in range(0, len(donors), _BLOCK_DONORS):
        block = donors[start : start + _BLOCK_DONORS].astype(np.float64)
        places = len(donors) - 1 - np.arange(start, start + len(block))
        ranks = np.rint(rows @ block.T * _PARTS).astype(np.int64)
        ranks *= len(donors)
        ranks += places
        ranks = np.concatenate([best, _largest(ranks, size)], axis=1)
        best = _largest(ranks, size)
    return -np.sort(-best, axis=1)


def _largest(ranks: np.ndarray, size: int) -> np.ndarray:
    if ranks.shape[1] <= size:
        return ranks
    return np.partition(ranks, ranks.shape[1] - size, axis=1)[:, -size:]
