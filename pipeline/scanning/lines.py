"""Lines of manifests, collected on disk until all are known."""

import sqlite3
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.core.fingerprints import canonical
from pipeline.index.manifest import shard_of

#: Lines that SQLite is given at once.
_BLOCK = 1024


class Lines:
    """JSON lines by kind and shard, sorted by clip, in a temporary SQLite database.

    Attributes:
        shards: number of manifests of each kind.
    """

    def __init__(self, shards: int) -> None:
        """Start empty."""
        self.shards = shards
        self._database = sqlite3.connect("")
        weakref.finalize(self, self._database.close)
        self._database.execute("pragma journal_mode = off")  # nothing is rolled back
        self._waiting: list[tuple[str, int, str, str]] = []
        self._database.execute("create table lines (kind text, shard integer, clip_id text, line text)")

    def add(self, clip_id: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Add a clip's rows, by kind."""
        shard = shard_of(clip_id, self.shards)
        self._waiting += ((kind, shard, clip_id, canonical(row) + "\n") for kind, row in rows.items())
        if len(self._waiting) >= _BLOCK:
            self._write()

    def of_shard(self, kind: str, shard: int) -> Iterator[str]:
        """Lines of one manifest. The first call sorts; nothing is added after it."""
        self._sort()
        query = "select line from lines where kind = ? and shard = ? order by clip_id, rowid"
        yield from self._lines(query, (kind, shard))

    def of_all(self, kind: str) -> Iterator[str]:
        """Lines of all clips; as `of_shard` otherwise."""
        query = "select line from lines where kind = ? order by clip_id, rowid"
        yield from self._lines(query, (kind,))

    def _lines(self, query: str, values: tuple[Any, ...]) -> Iterator[str]:
        self._write()
        for (line,) in self._database.execute(query, values):
            yield line

    def _write(self) -> None:
        self._database.executemany("insert into lines values (?, ?, ?, ?)", self._waiting)
        self._waiting.clear()

    def _sort(self) -> None:
        # SQLite compares UTF-8 by bytes, which is Python's order of strings.
        self._database.execute("create index if not exists places on lines (kind, shard, clip_id)")
