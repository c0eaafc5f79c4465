"""Keeps a file open for its next segment: reading the index of a ten-minute video takes about 10 ms."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av.container import InputContainer

from pipeline.core.errors import MediaError
from pipeline.core.types import Seconds
from pipeline.media import _open

#: Path, inode, size, modification time, process.
Stamp = tuple[Path, int, int, int, int]

#: Containers whose whole index is read on opening: a seek lands in the same place whatever was read before.
_FULLY_INDEXED = "mov,mp4,m4a,3gp,3g2,mj2"
#: At most one file.
_idle: dict[Stamp, InputContainer] = {}


def stamp(path: Path) -> Stamp:
    """Identify a file's content, as opposed to other content at the same path.

    Raises:
        MediaError: there is no such file.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise MediaError(f"{_open.short_name(path)}: no such file; expected a video or sound file") from error
    return path, status.st_ino, status.st_size, status.st_mtime_ns, os.getpid()


@contextmanager
def open_pictures(path: Path, start_s: Seconds) -> Iterator[InputContainer]:
    """Open a file for reading frames; consecutive segments share the open file.

    Video only: seeking resets video decoders, but not the random numbers of an AAC decoder, so the audio of a segment
    would depend on what was read before.

    Args:
        path: a local file.
        start_s: start of the segment; a file that is read from its beginning is opened again.

    Raises:
        MediaError: as for `_open.open_media`.
    """
    key = stamp(path)
    cached = _idle.pop(key, None) if start_s > 0 else None
    container = cached or _open.opened(path)
    is_intact = True
    try:
        with _open.ffmpeg_errors_as_media_errors(path):
            yield container
    except Exception:
        is_intact = False
        raise
    finally:
        if is_intact and container.format.name == _FULLY_INDEXED:
            _keep(key, container)
        else:
            container.close()


def _keep(key: Stamp, container: InputContainer) -> None:
    while _idle:
        _idle.popitem()[1].close()
    _idle[key] = container
