"""Reading files that nobody vouches for: none leads to another file, none takes more memory than its size explains."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

#: Deflate packs 1032 bytes into one at best.
_LARGEST_RATIO = 1100
_SPARE_BYTES = 1 << 16


def read_bounded(path: Path, *, limit_bytes: int) -> bytes:
    """A file's content.

    Raises:
        OSError: it cannot be read, or is larger than the limit.
    """
    with path.open("rb") as file:
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise OSError(errno.EFBIG, f"larger than {limit_bytes >> 20} MB, which no such file should be", path.name)
    return content


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 for reading once its structure is known to be harmless; no array is read for that.

    Raises:
        OSError: it cannot be opened, holds a link or an array kept elsewhere, or an array that cannot be in it.
    """
    with h5py.File(path, "r") as file:
        largest = _LARGEST_RATIO * path.stat().st_size + _SPARE_BYTES
        _inspect(file, largest, seen=set())
        yield file


def _inspect(group: h5py.Group, largest_bytes: int, *, seen: set[int]) -> None:
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise OSError(f"{group.name}/{name[:60]} is a link to another place; expected the data itself")
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            raise OSError(f"{group.name}/{name[:60]} stands in two places; expected each item once")
        seen.add(address)
        if isinstance(item, h5py.Group):
            _inspect(item, largest_bytes, seen=seen)
        else:
            _refuse_odd_array(item, largest_bytes)


def _refuse_odd_array(item: h5py.Dataset, largest_bytes: int) -> None:
    if item.is_virtual or item.external:
        raise OSError(f"{item.name} keeps its values in another file; expected them here")
    if item.nbytes > largest_bytes:
        raise OSError(f"{item.name} claims {item.nbytes} bytes, more than a file of this size can hold")
