"""An unpickler for plain values and NumPy arrays that calls nothing that a pickle names.

NumPy trusts the pickled state of an array, and a forged state crashes the process. Therefore the few names that arrays
need are mapped to functions of this file, which check their arguments.
"""

import io
import pickle
import re
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, BinaryIO, ClassVar

import numpy as np

from pipeline.core.errors import StoreError

#: Numbers, truth values, strings, and (for strings of any length) objects.
_PLAIN_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c8|c16|[SU]\d{1,9}|O8?|\?)")
_BYTE_ORDERS = frozenset("<>|=")
#: The limit of NumPy.
_MOST_AXES = 64

#: Its methods are not public and therefore not typed, but have been stable since Python 2.
_PythonUnpickler: Any = pickle._Unpickler


class RestrictedUnpickler(_PythonUnpickler):
    """Based on the unpickler in Python: with the one in C, eight bytes that name a large memo index take gigabytes."""

    dispatch: ClassVar = dict(_PythonUnpickler.dispatch)

    def __init__(self, file: BinaryIO) -> None:
        """Read from an open file; strings of Python 2 contain bytes."""
        super().__init__(_Bounded(file), encoding="latin1")
        self.memo = _Memo()

    def find_class(self, module: str, name: str) -> Any:
        """The replacement of a name.

        Raises:
            StoreError: arrays and plain values do not need the name.
        """
        replacement = _KNOWN.get((module.replace("numpy.core", "numpy._core"), name))
        if replacement is None:
            raise StoreError(f"the pickle asks for {module}.{name}; only NumPy arrays and plain values are read")
        return replacement

    def load_build(self) -> None:
        """Fill an empty array or dtype with the state that follows it."""
        state, empty = self.stack.pop(), self.stack[-1]
        if not isinstance(empty, _Empty):
            raise StoreError(f"the pickle gives a state to a {type(empty).__name__}; expected an array")
        value = empty.build(state)
        self.stack[-1] = value
        for place in empty.places:
            self.memo[place] = value

    dispatch[pickle.BUILD[0]] = load_build

    def load_bytearray8(self) -> None:
        """Read first: Python's own method allocates as many bytes as are announced."""
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(size)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


class _Empty:
    """An array or dtype before its state is read."""

    def __init__(self, build: Callable[[Any], Any]) -> None:
        self.build = build
        self.places: list[int] = []


class _Bounded:
    """A file that allocates no more bytes than it has."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = file.seek(0, io.SEEK_END)
        file.seek(0)
        self.readline = file.readline

    def read(self, size: int) -> bytes:
        if size > io.DEFAULT_BUFFER_SIZE and size > self._end - self._file.tell():
            raise StoreError(f"{size} bytes are announced, {self._end - self._file.tell()} follow")
        return self._file.read(size)


class _Memo(dict[int, Any]):
    """The memo of a pickle; records the places of empty values, which are replaced later."""

    def __setitem__(self, place: int, value: Any) -> None:
        super().__setitem__(place, value)
        if isinstance(value, _Empty):
            value.places.append(place)


def _empty_array(kind: Any, shape: Any = (0,), code: Any = b"b") -> _Empty:
    """Replaces ``_reconstruct``; shape and dtype come with the state."""
    del kind, shape, code
    return _Empty(_array_of_state)


def _array_of_state(state: tuple[Any, ...]) -> np.ndarray:
    """Of (version, shape, type, is in Fortran's order, content); old NumPy left the version out."""
    *_, shape, dtype, is_fortran, content = state
    if isinstance(content, list):
        return _reshaped(_objects(content, _dtype(dtype)), shape, "F" if is_fortran else "C")
    raw = content.encode("latin1") if isinstance(content, str) else content  # Python 2 had bytes only
    return _array_of_bytes(raw, dtype, shape, "F" if is_fortran else "C").copy("K")


def _array_of_bytes(content: Any, dtype: Any, shape: Any, order: Any = "C") -> np.ndarray:
    """Replaces ``_frombuffer``."""
    kind = _dtype(dtype)
    if kind.hasobject:
        raise StoreError("an array of Python objects comes as bytes; expected them one by one")
    if kind.kind == "U":
        _refuse_no_characters(np.frombuffer(content, f"{kind.byteorder}u4"))
    return _reshaped(np.frombuffer(content, kind), shape, order)


def _refuse_no_characters(codes: np.ndarray) -> None:
    """Python fails with a SystemError where NumPy hands it such a string."""
    if codes.size and codes.max() > sys.maxunicode:
        raise StoreError(f"a string with the character {codes.max()}; the last one is {sys.maxunicode}")


def _objects(content: Sequence[Any], dtype: np.dtype) -> np.ndarray:
    if not dtype.hasobject:
        raise StoreError(f"an array of {dtype} comes as a list; expected bytes")
    array = np.empty(len(content), object)
    for index, value in enumerate(content):
        array[index] = value
    return array


def _reshaped(array: np.ndarray, shape: Any, order: Any) -> np.ndarray:
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if len(sizes) > _MOST_AXES or not all(type(size) is int and size >= 0 for size in sizes):
        raise StoreError(f"an array of the shape {str(shape)[:60]}; expected sizes")
    if prod(sizes) != array.size:
        raise StoreError(f"an array of the shape {sizes} comes with {array.size} values")
    return array.reshape(sizes, order="F" if order == "F" else "C")


def _scalar(dtype: Any, content: Any) -> Any:
    """Replaces ``scalar``: one number with a type."""
    return _array_of_bytes(content.encode("latin1") if isinstance(content, str) else content, dtype, ())[()]


def _empty_dtype(code: Any, align: Any = False, copy: Any = False) -> "_DType":  # noqa: FBT002 - NumPy's arguments
    """Replaces ``numpy.dtype``."""
    del align, copy
    if not isinstance(code, str) or not _PLAIN_DTYPE.fullmatch(code):
        raise StoreError(f"an array of the type {str(code)[:60]!r}; expected numbers or strings")
    return _DType(np.dtype(code))


class _DType(_Empty):
    """A type of numbers; its state adds the byte order."""

    def __init__(self, dtype: np.dtype) -> None:
        super().__init__(self._with_byte_order)
        self.dtype = dtype

    def _with_byte_order(self, state: tuple[Any, ...]) -> "_DType":
        byte_order, subtype, names, fields = state[1:5]
        if byte_order not in _BYTE_ORDERS or (subtype, names, fields) != (None, None, None):
            raise StoreError("an array of records; expected numbers or strings")
        return _DType(self.dtype.newbyteorder(byte_order))


def _dtype(value: Any) -> np.dtype:
    if isinstance(value, _DType):
        return value.dtype
    raise StoreError(f"an array whose type is a {type(value).__name__}; expected a type of numbers")


def _latin1(text: str, encoding: str) -> bytes:
    """Replaces ``_codecs.encode``, by which old protocols write bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise StoreError(f"bytes are written as {encoding[:60]!r}; expected latin1")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """Replaces ``bytes``, by which old protocols write none."""
    return b""


class _ArrayType:
    """Replaces ``numpy.ndarray``, which is named but never called."""


_KNOWN = {
    ("numpy", "dtype"): _empty_dtype,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): _array_of_bytes,
    ("_codecs", "encode"): _latin1,
    ("__builtin__", "bytes"): _no_bytes,
    ("collections", "OrderedDict"): OrderedDict,
}
