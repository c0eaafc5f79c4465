"""Reading pickles without running code from them, and writing them with the same bytes every time.

A pickle is a program: the plain unpickler runs whatever it names. Ours knows the handful of names that NumPy
arrays and plain containers need, and refuses the rest.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.atomic import atomic_path
from pipeline.errors import StoreError

_ALLOWED = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy.core.numeric", "_frombuffer"),
    ("_codecs", "encode"),
    ("collections", "OrderedDict"),
}


class _RestrictedUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise StoreError(f"the pickle asks for {module}.{name}; only NumPy arrays and plain values are read")
        return super().find_class(module, name)


def load(path: Path) -> Any:
    """Read a pickle made of NumPy arrays, numbers, strings, lists, tuples and dicts.

    Raises:
        StoreError: the file cannot be read, is damaged, or names anything else.
    """
    try:
        with path.open("rb") as file:
            content = _RestrictedUnpickler(file, encoding="latin1").load()
        _refuse_objects(content, "it holds")
    except StoreError as error:
        raise StoreError(f"{path.name}: {error}; do not trust this file") from error
    except Exception as error:
        raise StoreError(f"{path.name}: not a readable pickle ({type(error).__name__}: {error})") from error
    return content


def dump(content: Any, path: Path) -> None:
    """Write a pickle that MMSA's plain unpickler and `load` both read, in one atomic step."""
    with atomic_path(path) as part, part.open("wb") as file:
        pickle.dump(content, file, protocol=4)


def _refuse_objects(content: Any, name: str) -> None:
    """Object arrays may hide other objects' methods; the allow-list keeps them harmless, their use is still none."""
    if isinstance(content, dict):
        for value in content.values():
            _refuse_objects(value, name)
    elif isinstance(content, np.ndarray) and content.dtype.hasobject and not _only_strings(content):
        raise StoreError(f"{name} an array of Python objects that are not strings; expected numbers or strings")


def _only_strings(array: np.ndarray) -> bool:
    return all(isinstance(value, str) for value in array.ravel())
