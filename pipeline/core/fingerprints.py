"""Fingerprints: of files, of settings, of everything that shapes a result."""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

#: An edit this soon after the last check may leave the time stamp unchanged: such files are hashed again.
_CLOCK_GRAIN_NS = 2_000_000_000


#: Rows that go to the cache of hashes at once.
_BLOCK = 1024
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> str:
    """JSON text that is the same for equal values on every machine."""
    return _CANONICAL.encode(value)


def digest(value: Any) -> str:
    """sha256 of the canonical JSON of a value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def library_versions(distributions: Iterable[str]) -> dict[str, str]:
    """Installed versions by distribution name; ``absent`` for those that are not installed."""
    versions = {}
    for name in sorted(distributions):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions


class FileHashes:
    """Hashes of files, computed again only when size, modification time or inode changed.

    A context manager: new hashes are saved if it ends without an error. The cache is a convenience;
    deleting it costs a re-hash and nothing else.
    """

    def __init__(self, cache: Path, *, deep: bool = False) -> None:
        """Open the cache file, which is created when absent; ``deep`` distrusts everything in it."""
        cache.parent.mkdir(parents=True, exist_ok=True)
        self._deep = deep
        self._connection = sqlite3.connect(cache, timeout=60)
        self._connection.execute(
            "create table if not exists files (path text primary key, size integer, mtime_ns integer, "
            "inode integer, checked_ns integer, sha256 text) without rowid"
        )
        self._connection.execute("create temp table seen (path text primary key) without rowid")
        self._seen: list[tuple[str]] = []
        self._new: dict[str, tuple[Any, ...]] = {}

    def __enter__(self) -> "FileHashes":
        """Begin."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Save new hashes and close."""
        if kind is None:
            self._write()
            self._connection.commit()
        self._connection.close()

    def sha256(self, path: Path) -> str:
        """Hash of a file's content, from the cache if the file did not change.

        Raises:
            OSError: the file cannot be read.
        """
        name, stat = str(path), path.stat()
        if len(self._seen) + len(self._new) >= _BLOCK:
            self._write()
        self._seen.append((name,))
        row = self._new.get(name) or (None if self._deep else self._known(name))
        if row and _unchanged(row, stat.st_size, stat.st_mtime_ns, stat.st_ino):
            return row[5]
        now = time.time_ns()
        value = file_sha256(path)
        self._new[name] = (name, stat.st_size, stat.st_mtime_ns, stat.st_ino, now, value)
        return value

    def nothing_changed(self) -> bool:
        """True if files are known and none of them changed since it was hashed."""
        if self._deep:
            return False
        self._write()
        known = 0
        for row in self._connection.execute("select * from files"):
            known += 1
            try:
                stat = os.stat(row[0])  # noqa: PTH116 - a million of them: a Path each costs three times the call
            except OSError:
                return False
            if not _unchanged(row, stat.st_size, stat.st_mtime_ns, stat.st_ino):
                return False
        return known > 0

    def forget_unseen(self) -> None:
        """Drop files that were not hashed since the cache was opened."""
        self._write()
        self._connection.execute("delete from files where path not in (select path from seen)")

    def _known(self, name: str) -> tuple[Any, ...] | None:
        return self._connection.execute("select * from files where path = ?", (name,)).fetchone()

    def _write(self) -> None:
        self._connection.executemany("insert or ignore into seen values (?)", self._seen)
        self._connection.executemany("insert or replace into files values (?, ?, ?, ?, ?, ?)", self._new.values())
        self._seen.clear()
        self._new.clear()


def _unchanged(row: tuple[Any, ...], size: int, mtime_ns: int, inode: int) -> bool:
    settled = mtime_ns < row[4] - _CLOCK_GRAIN_NS
    return settled and (row[1], row[2], row[3]) == (size, mtime_ns, inode)


def identity_parts(
    *,
    name: str,
    version: int,
    settings: Mapping[str, Any],
    weights: Mapping[str, str],
    libraries: Iterable[str],
) -> dict[str, Any]:
    """Everything that shapes an extractor's numbers, and its fingerprint under ``identity``.

    Source text is left out on purpose: a corrected typo must not recompute days of work. ``version`` is raised
    by hand when numbers change, and a golden-value test guards it.
    """
    parts: dict[str, Any] = {
        "extractor": name,
        "version": version,
        "settings": dict(settings),
        "weights": dict(weights),
        "libraries": library_versions(libraries),
    }
    return {**parts, "identity": digest(parts)}
