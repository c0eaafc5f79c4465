"""Arrays that are read or computed a few rows at a time, so that a pack may be larger than the memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol, runtime_checkable

import numpy as np

_BLOCK_BYTES = 32 << 20


@runtime_checkable
class RowArray(Protocol):
    """An array in memory, an HDF5 dataset or a `Computed` one: rows are read by slices."""

    @property
    def shape(self) -> tuple[int, ...]:
        """As NumPy's."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """As NumPy's."""

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        """Consecutive rows."""


@dataclass(frozen=True)
class Computed:
    """An array whose rows are computed on each reading.

    Attributes:
        shape: of the whole array.
        dtype: of the values.
        compute: gives the rows of a range.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    compute: Callable[[range], np.ndarray]

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        """Consecutive rows."""
        return self.compute(range(self.shape[0])[rows])


def blocks(array: RowArray, *, multiple_of: int = 1) -> Iterator[np.ndarray]:
    """All rows, some 32 MB at a time.

    Args:
        array: with at least one axis.
        multiple_of: every block but the last has a multiple of so many rows.
    """
    row_bytes = max(1, prod(array.shape[1:]) * array.dtype.itemsize)
    step = -(-max(1, _BLOCK_BYTES // row_bytes) // multiple_of) * multiple_of
    for start in range(0, array.shape[0], step):
        yield np.ascontiguousarray(array[start : start + step])


def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Computed:
    """An array of zeros that takes no memory."""
    return Computed(shape, dtype, lambda rows: np.zeros((len(rows), *shape[1:]), dtype))


def joined(arrays: Sequence[RowArray], chosen: Sequence[np.ndarray]) -> Computed:
    """Rows of several arrays concatenated, all other axes padded with zeros to the longest.

    Args:
        arrays: of one type, with equally many axes.
        chosen: the rows wanted of each, ascending.
    """
    # HDF5 has several objects for equal dtypes, which a pickle would distinguish.
    dtype = np.dtype(arrays[0].dtype.str)
    tail = tuple(max(lengths) for lengths in zip(*(array.shape[1:] for array in arrays), strict=True))
    ends = np.cumsum([len(rows) for rows in chosen]).tolist()

    def compute(rows: range) -> np.ndarray:
        values = np.zeros((len(rows), *tail), dtype)
        for array, wanted, end in zip(arrays, chosen, ends, strict=True):
            first = end - len(wanted)
            picked = wanted[max(rows.start - first, 0) : max(rows.stop - first, 0)]
            if len(picked):
                block = array[int(picked[0]) : int(picked[-1]) + 1][picked - picked[0]]
                target = slice(max(first - rows.start, 0), max(first - rows.start, 0) + len(picked))
                values[(target, *map(slice, block.shape[1:]))] = block
        return values

    return Computed((ends[-1], *tail), dtype, compute)
