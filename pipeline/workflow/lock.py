"""A lock on ``processed``: one run at a time."""

import fcntl
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pipeline.core.atomic_write import writer_of
from pipeline.core.errors import StoreError

_held: dict[Path, IO[str]] = {}


def lock_processed(processed: Path) -> None:
    """Lock a folder until this process ends, and remove unfinished files of killed runs.

    The kernel owns the lock (``flock``; on NFS the server): it is gone after ``kill -9`` too.

    Raises:
        StoreError: another run has locked the folder, or it cannot be written.
    """
    path = (processed / ".lock").absolute()
    if path in _held:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{processed}: cannot be written ({error.strerror}); set processed: to another folder"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreError(_refusal(processed, file)) from error
    except OSError as error:
        raise StoreError(
            f"{path}: this file system cannot lock ({error.strerror}); put processed: on one that can"
        ) from error
    _held[path] = file
    _sign(file)
    _clear(processed)


def _refusal(processed: Path, file: IO[str]) -> str:
    file.seek(0)
    holder = file.read(200).strip() or "unknown"
    return f"{processed}: another run uses it ({holder}); wait for it or stop it, then start again"


def _sign(file: IO[str]) -> None:
    file.seek(0)
    file.truncate()
    file.write(f"process {os.getpid()} on {socket.gethostname()} since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n")
    file.flush()


def _clear(processed: Path) -> None:
    """Remove unfinished files of processes that have ended."""
    import psutil

    for part in processed.rglob("*.part"):
        host, pid = writer_of(part)
        if host == socket.gethostname() and pid.isdecimal() and not psutil.pid_exists(int(pid)):
            part.unlink(missing_ok=True)
