"""Temporary rows of clips on disk while a pack is built: scaling the first clip requires the statistics of all."""

import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

import numpy as np
from jaxtyping import Float32


class Spool(Mapping[str, np.ndarray]):
    """Float32 rows by clip id, in an unnamed file that is deleted with the process."""

    def __init__(self, folder: Path) -> None:
        """Open a file on the file system of ``folder``, which is created if absent."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed with the last reference to the rows
        weakref.finalize(self, self._file.close)
        self._places: dict[str, tuple[int, tuple[int, ...]]] = {}

    def __setitem__(self, clip_id: str, rows: Float32[np.ndarray, "_ _"]) -> None:
        """Write the rows of a clip, once."""
        self._places[clip_id] = (self._file.tell(), rows.shape)
        self._file.write(np.ascontiguousarray(rows).data)

    def __getitem__(self, clip_id: str) -> Float32[np.ndarray, "_ _"]:
        """Read the rows of a clip."""
        offset, shape = self._places[clip_id]
        self._file.flush()
        content = os.pread(self._file.fileno(), prod(shape) * np.dtype(np.float32).itemsize, offset)
        return np.frombuffer(content, np.float32).reshape(shape)

    def __iter__(self) -> Iterator[str]:
        """The clips, in the order of writing."""
        return iter(self._places)

    def __len__(self) -> int:
        """The number of clips."""
        return len(self._places)

    def __contains__(self, clip_id: object) -> bool:
        """Whether the clip has rows; reads nothing."""
        return clip_id in self._places
