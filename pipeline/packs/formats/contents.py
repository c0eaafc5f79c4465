"""A pack of any origin as plain arrays by split and key, and its HDF5; conversion preserves them exactly.

`files` reads and writes Triptych's packs as `PackSplit`; this module preserves whatever keys a file has.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError
from pipeline.core.hdf5 import new_hdf5, open_hdf5
from pipeline.core.types import SPLITS, Split
from pipeline.packs.row_arrays import RowArray, blocks

Contents = dict[Split, dict[str, np.ndarray]]

_FORMAT = "triptych-pack-1"


def plain(splits: Mapping[Split, Mapping[str, Any]], where: str) -> Contents:
    """Lists as arrays, strings as wide as their longest, numbers in this machine's byte order, keys sorted.

    The pickle of equal contents then has equal bytes, however they were read: pickle distinguishes shared keys and
    types from equal ones.

    Args:
        splits: arrays of a pickle, an HDF5 or a csd folder.
        where: the file, for the error.

    Raises:
        StoreError: a value is no array of numbers or strings.
    """
    return {
        split: {sys.intern(key): _plain(value, f"{where}: {split}.{key}") for key, value in sorted(arrays.items())}
        for split, arrays in splits.items()
    }


def _plain(value: Any, where: str) -> np.ndarray:
    try:
        array = np.asarray(value)
        if array.dtype.kind == "S":
            array = np.char.decode(array, "utf-8")
        if array.dtype.kind in "UO":
            return np.asarray(_strings(array, where).tolist(), dtype=np.str_)
    except ValueError as error:
        raise StoreError(f"{where}: cannot be an array ({error}); expected numbers or UTF-8 strings") from error
    if array.dtype.kind not in "biuf":
        raise StoreError(f"{where}: {array.dtype} of shape {array.shape}; expected numbers or strings")
    return np.ascontiguousarray(array, dtype=np.dtype(array.dtype.newbyteorder("=").str)).reshape(array.shape)


def _strings(array: np.ndarray, where: str) -> np.ndarray:
    strange = next((value for value in array.ravel() if not isinstance(value, str)), None)
    if strange is not None:
        raise StoreError(f"{where}: contains a {type(strange).__name__}; expected numbers or strings, one kind per key")
    return array


def write_contents(
    path: Path, contents: Mapping[Split, Mapping[str, RowArray]], attributes: Mapping[str, str] | None = None
) -> None:
    """Write the arrays as HDF5, one group per split, a block of rows at a time; equal input gives equal bytes.

    Args:
        path: the file to create or replace.
        contents: arrays as `plain` gives them, or computed as they are written; an absent split gets no group.
        attributes: attributes of the file; the format mark of a pack by default.

    Raises:
        StoreError: a string cannot be written as UTF-8.
    """
    with atomic_path(path) as part, new_hdf5(part) as file:
        for name, value in (attributes or {"format": _FORMAT}).items():
            file.attrs[name] = value
        for split in [name for name in SPLITS if name in contents]:
            group = file.create_group(split)
            for key, array in contents[split].items():
                data = encoded(array, f"{split}.{key}") if isinstance(array, np.ndarray) else array
                _write_array(group, key, data)


def _write_array(group: h5py.Group, key: str, array: RowArray) -> None:
    if len(array.shape) < 2:
        group.create_dataset(key, data=array, track_times=False)
        return
    options = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "track_times": False}
    dataset = group.create_dataset(key, array.shape, array.dtype, **options)
    start = 0
    # Blocks of whole chunks: a chunk that is written twice would be compressed twice.
    for block in blocks(array, multiple_of=dataset.chunks[0]):
        dataset[start : start + len(block)] = block
        start += len(block)


def encoded(array: np.ndarray, where: str) -> np.ndarray:
    """Strings as UTF-8 bytes, which HDF5 stores; numbers as they are.

    Raises:
        StoreError: a string is not valid text (half of a surrogate pair).
    """
    try:
        return np.char.encode(array, "utf-8") if array.dtype.kind == "U" else array
    except UnicodeEncodeError as error:
        raise StoreError(f"{where}: a string that UTF-8 cannot encode ({error}); correct the transcript") from error


def read_contents(path: Path) -> Contents:
    """Read all arrays of a pack's HDF5.

    Raises:
        StoreError: the file is damaged, no pack, or lacks a split.
    """
    try:
        with open_hdf5(path) as file:
            splits = {split: {key: data[()] for key, data in file[split].items()} for split in SPLITS}
    except (OSError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read as a pack's HDF5 ({error}); build the pack again") from error
    return plain(splits, str(path))
