"""Atomic writes: a file is replaced in one step, or not at all."""

import filecmp
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that replaces it when the block ends without an error."""
    with _part_of(path) as part:
        yield part
        part.replace(path)


@contextmanager
def _part_of(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``, gone when the block ends.

    Machine and process are part of the name: two jobs never share a file, and the leftovers of a
    killed job can be recognised.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}@{socket.gethostname()}.{os.getpid()}.part")
    try:
        yield part
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def writer_of(part: Path) -> tuple[str, str]:
    """Machine and process id that a temporary path of `atomic_path` names."""
    host, _, pid = part.name.removesuffix(".part").rpartition("@")[2].rpartition(".")
    return host, pid


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write ``content`` unless the file already contains it, so that its time stamp starts no job.

    Returns:
        True if the file was written.
    """
    if path.is_file() and path.read_bytes() == content:
        return False
    with atomic_path(path) as part:
        part.write_bytes(content)
    return True


def write_lines_if_changed(path: Path, lines: Iterable[str]) -> bool:
    """`write_if_changed` for a file that is too large to be held.

    Returns:
        True if the file was written.
    """
    with _part_of(path) as part:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
        if path.is_file() and filecmp.cmp(part, path, shallow=False):
            return False
        part.replace(path)
    return True
