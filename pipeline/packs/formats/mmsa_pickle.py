"""Read pickles without running code from them, and write them with the same bytes every time.

A pickle is a program: Python's unpickler runs whatever it names. `pipeline.packs.formats.safe_unpickle` runs nothing.
"""

import pickle
import struct
from dataclasses import dataclass
from io import BufferedWriter
from math import prod
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError
from pipeline.packs.formats.safe_unpickle import RestrictedUnpickler
from pipeline.packs.row_arrays import Computed, RowArray, blocks

#: A number takes at least two bytes of a pickle, eight of an array; a repeated string is written once.
_LARGEST_RATIO, _SPARE_BYTES, _NUMBER_BYTES = 64, 1 << 20, 8

#: The standard pickler collects what is shorter than this into frames.
_FRAME_BYTES = 64 * 1024
_LARGEST_BINBYTES = 0xFFFFFFFF
#: Its methods are not public and therefore not typed, but have been stable since protocol 4 (Python 3.4).
_PythonPickler: Any = pickle._Pickler


def load(path: Path) -> Any:
    """Read a pickle made of NumPy arrays, numbers, strings, lists, tuples and dicts.

    Raises:
        StoreError: the file cannot be read, is damaged, or names anything else.
    """
    try:
        with path.open("rb") as file:
            content = RestrictedUnpickler(file).load()
        _refuse_swollen(content, path.stat().st_size)
        _refuse_objects(content, "it contains")
    except StoreError as error:
        raise StoreError(f"{path.name}: {error}; do not trust this file") from error
    except Exception as error:
        raise StoreError(f"{path.name}: not a readable pickle ({type(error).__name__}: {error})") from error
    return content


def dump(content: Any, path: Path) -> None:
    """Write a pickle that MMSA's plain unpickler and `load` both read, in one atomic step.

    Args:
        content: plain values and arrays; arrays may be `RowArray` of any kind and are read a block at a time.
        path: the file to make or replace.
    """
    with atomic_path(path) as part, part.open("wb") as file:
        _StreamingPickler(file).dump(content)


@dataclass(frozen=True)
class _Values:
    """The values of an array, which the standard pickler would copy into memory until the end."""

    array: RowArray

    def __len__(self) -> int:
        return prod(self.array.shape) * self.array.dtype.itemsize


class _StreamingPickler(_PythonPickler):
    """Writes the bytes that ``pickle.dump(..., protocol=4)`` writes, with one block of an array in memory at a time.

    The pickler in C cannot be extended this way; joblib extends the one in Python for the same purpose.
    """

    dispatch: ClassVar = dict(_PythonPickler.dispatch)

    def __init__(self, file: BufferedWriter) -> None:
        super().__init__(file, protocol=4)
        self._file = file

    def reducer_override(self, obj: Any) -> Any:
        """Stream arrays that are large or not in memory."""
        if not _is_streamed(obj):
            return NotImplemented
        rebuild, arguments, state = obj[:0].__reduce__()
        version, _, dtype, fortran, _ = cast("tuple[Any, ...]", state)
        return rebuild, arguments, (version, obj.shape, dtype, fortran, _Values(obj))

    def save_values(self, values: _Values) -> None:
        """As the standard pickler writes bytes of this length; long ones are outside of frames."""
        if len(values) < _FRAME_BYTES:
            self.save_bytes(values.array[:].tobytes())
            return
        code, size = (pickle.BINBYTES8, "<Q") if len(values) > _LARGEST_BINBYTES else (pickle.BINBYTES, "<I")
        self._write_large_bytes(code + struct.pack(size, len(values)), b"")
        for block in blocks(values.array):
            self._file.write(block.data)
        self.memoize(values)

    dispatch[_Values] = save_values


def _is_streamed(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0 and value.nbytes >= _FRAME_BYTES and not value.dtype.hasobject
    return isinstance(value, Computed)


def _refuse_swollen(content: Any, file_bytes: int) -> None:
    """Refuse small files with huge content, such as one list named a thousand times in each of a thousand lists."""
    size_bytes, largest = _written_out_bytes(content, {}), _LARGEST_RATIO * file_bytes + _SPARE_BYTES
    if size_bytes > largest:
        raise StoreError(f"its content would take {size_bytes} bytes, more than a file of {file_bytes} bytes explains")


def _written_out_bytes(value: Any, known: dict[int, int]) -> int:
    """Bytes of a value as an array; repeated objects count each time."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, (str, bytes)):
        return len(value)
    if not isinstance(value, (dict, list, tuple)):
        return _NUMBER_BYTES
    if id(value) not in known:
        items = value.values() if isinstance(value, dict) else value
        known[id(value)] = _NUMBER_BYTES + sum(_written_out_bytes(item, known) for item in items)
    return known[id(value)]


def _refuse_objects(content: Any, name: str) -> None:
    """Refuse object arrays: the allow-list makes them harmless, but no pack needs them."""
    if isinstance(content, dict):
        for value in content.values():
            _refuse_objects(value, name)
    elif isinstance(content, np.ndarray) and content.dtype.hasobject and not _only_strings(content):
        raise StoreError(f"{name} an array of Python objects that are not strings; expected numbers or strings")


def _only_strings(array: np.ndarray) -> bool:
    return all(isinstance(value, str) for value in array.ravel())
