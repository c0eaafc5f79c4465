"""A file kept open for the next segment of it: reading the index of a ten-minute video takes some 10 ms."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av.container import InputContainer

from pipeline.core.errors import MediaError
from pipeline.core.types import Seconds
from pipeline.media import _open

#: Path, i-node, size, time of the last change, process.
Stamp = tuple[Path, int, int, int, int]

#: Containers whose whole index is read on opening: a seek lands in the same place whatever was read before.
_FULLY_INDEXED = "mov,mp4,m4a,3gp,3g2,mj2"
#: At most one file.
_idle: dict[Stamp, InputContainer] = {}


def stamp(path: Path) -> Stamp:
    """Tell a file from one that stood, or will stand, under its name.

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
    """Open a file to seek to pictures in it; segments read one after the other share the open file.

    Pictures only: seeking resets their decoders, while an AAC decoder goes on with its random numbers, so that the
    sound of a segment would depend on what was read before.

    Args:
        path: a local file.
        start_s: where the segment begins; what is read from its beginning is opened anew.

    Raises:
        MediaError: as for `_open.open_media`.
    """
    key = stamp(path)
    cached = _idle.pop(key, None) if start_s > 0 else None
    container = cached or _open.opened(path)
    is_sound = True
    try:
        with _open.ffmpeg_errors_as_media_errors(path):
            yield container
    except Exception:
        is_sound = False
        raise
    finally:
        if is_sound and container.format.name == _FULLY_INDEXED:
            _keep(key, container)
        else:
            container.close()


def _keep(key: Stamp, container: InputContainer) -> None:
    while _idle:
        _idle.popitem()[1].close()
    _idle[key] = container
