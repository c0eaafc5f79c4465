"""Feature stores that were damaged, swapped or written by something else. Makers change the sound store at ``path``."""

from pathlib import Path

import h5py
import numpy as np

from tools.corpus.kinds import Kind


def _written(content: bytes):
    return lambda path: path.write_bytes(content)


def _cut(fraction: float):
    def make(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * fraction)])

    return make


def _edited(change):
    def make(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            change(file)

    return make


def _first(file: h5py.File) -> h5py.Group:
    return file["clips"][sorted(file["clips"])[0]]


def _values(change):
    def edit(file: h5py.File) -> None:
        clip = _first(file)
        array = change(clip["values"][()])
        del clip["values"]
        clip["values"] = array

    return _edited(edit)


def _foreign(path: Path) -> None:
    path.unlink()
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(4)


def _flipped(path: Path) -> None:
    """One byte of a compressed array: disks do that."""
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        place = _first(file)["values"].id.get_chunk_info(0).byte_offset
    content[place + 40] ^= 0xFF
    path.write_bytes(content)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _lose_clip(file: h5py.File) -> None:
    del file["clips"][sorted(file["clips"])[0]]


def _lose_key(file: h5py.File) -> None:
    del _first(file).attrs["key"]


def _lose_array(file: h5py.File) -> None:
    del _first(file)["mask"]


def _foreign_clip(file: h5py.File) -> None:
    file.copy(_first(file), file["clips"], "a stranger$_$1")


AGAIN = "recomputed from the raw data"

#: Replacements of a store that the next run reads: it must not use them, and must not stop.
REPLACED = [
    Kind("truncated in the header", "accepted", AGAIN, _cut(0.01)),
    Kind("truncated in the middle", "accepted", AGAIN, _cut(0.5)),
    Kind("empty", "accepted", AGAIN, _written(b"")),
    Kind("text", "accepted", AGAIN, _written(b"not a store\n" * 99)),
    Kind("another HDF5", "accepted", AGAIN, _foreign),
    Kind("older format", "accepted", AGAIN, _edited(lambda file: file.attrs.modify("format", "triptych-0"))),
    Kind("without clips", "accepted", AGAIN, _edited(lambda file: file.pop("clips"))),
    Kind("a clip without a key", "accepted", AGAIN, _edited(_lose_key)),
    Kind("a clip of another key", "accepted", AGAIN, _edited(lambda file: _first(file).attrs.modify("key", "0" * 64))),
    Kind("missing clip", "accepted", AGAIN, _edited(_lose_clip)),
    Kind("read-only", "accepted", "kept; replaced at the next write", lambda path: path.chmod(0o444)),
    Kind("unknown clip", "accepted", "removed at the next write", _edited(_foreign_clip)),
    Kind("a clip without an array", "accepted", AGAIN, _edited(_lose_array)),
    Kind("values of another type", "accepted", AGAIN, _values(lambda array: array.astype(np.float64))),
    Kind("strings as values", "accepted", AGAIN, _values(lambda array: np.full(array.shape, b"x"))),
    Kind("values of another width", "accepted", AGAIN, _values(lambda array: array[:, :2])),
    Kind("fewer values than times", "accepted", AGAIN, _values(lambda array: array[:-3])),
]

#: Errors of the steps after extraction for a store that no run has rebuilt.
READ = [
    Kind("truncated", "error", "not a readable feature store", _cut(0.5)),
    Kind("a folder instead of the file", "error", "not a readable feature store", _folder),
    Kind("missing file", "error", "not a readable feature store", lambda path: path.unlink()),
    Kind("another HDF5", "error", "no format mark; expected triptych-features-1", _foreign),
    Kind("missing clip", "error", "1 clips neither stored nor quarantined", _edited(_lose_clip)),
    Kind("unknown clip", "error", "1 stored but not in the label table", _edited(_foreign_clip)),
    Kind("one byte flipped", "error", "cannot be read", _flipped),
]
