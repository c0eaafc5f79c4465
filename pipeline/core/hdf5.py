"""Reading untrusted HDF5 files, and writing new ones on a disk that may fill up."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import h5py

#: Deflate packs 1032 bytes into one at best.
_LARGEST_RATIO = 1100
_SPARE_BYTES = 1 << 16


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 for reading after checking that its structure is harmless; no array is read.

    Raises:
        OSError: it cannot be opened, or contains a link, an external array, or an array larger than the file can store.
    """
    with h5py.File(path, "r") as file:
        largest = _LARGEST_RATIO * path.stat().st_size + _SPARE_BYTES
        _inspect(file, largest, seen=set())
        yield file


def _inspect(group: h5py.Group, largest_bytes: int, *, seen: set[int]) -> None:
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise OSError(f"{group.name}/{name[:60]} is a link; expected the data itself")
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            raise OSError(f"{group.name}/{name[:60]} appears twice; expected each item once")
        seen.add(address)
        if isinstance(item, h5py.Group):
            _inspect(item, largest_bytes, seen=seen)
        else:
            _refuse_odd_array(item, largest_bytes)


def _refuse_odd_array(item: h5py.Dataset, largest_bytes: int) -> None:
    if item.is_virtual or item.external:
        raise OSError(f"{item.name} stores its values in another file; expected them in this one")
    if item.nbytes > largest_bytes:
        raise OSError(f"{item.name} claims {item.nbytes} bytes, more than a file of this size can hold")


@contextmanager
def new_hdf5(path: Path) -> Iterator[h5py.File]:
    """A new HDF5 whose bytes depend on nothing but what is written.

    HDF5 crashes the process when a write fails, so failed writes are hidden from it and raised at the end.

    Raises:
        OSError: a write failed, for example on a full disk. Raised when the file is closed; later writes are lost.
    """
    with FileIO(path, "w+") as raw:
        recorder = _ErrorRecorder(raw)
        try:
            with h5py.File(recorder, "w", libver="v110", track_order=False) as file:
                yield file
        finally:
            if recorder.error is not None:
                raise OSError(recorder.error.errno, recorder.error.strerror, path.name)


class _ErrorRecorder:
    """A file for h5py that records the first failed write and ignores later ones."""

    def __init__(self, raw: FileIO) -> None:
        self.error: OSError | None = None
        self._raw = raw
        self.read, self.readinto, self.seek, self.tell = raw.read, raw.readinto, raw.seek, raw.tell

    def write(self, content: Any) -> int:
        rest = memoryview(content)
        try:
            while rest and self.error is None:
                rest = rest[self._raw.write(rest) :]
        except OSError as error:
            self.error = error
        return memoryview(content).nbytes

    def truncate(self, size: int) -> int:
        return self._raw.truncate(size) if self.error is None else size

    def flush(self) -> None:
        """Nothing is buffered."""
