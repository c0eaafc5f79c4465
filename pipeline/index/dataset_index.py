"""Which manifests, shards and stores a scanned dataset has."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.core.errors import StoreError
from pipeline.core.extractor_facts import extractor_facts
from pipeline.core.paths import DatasetPaths
from pipeline.index.manifest import manifests_of, read_jsonl, shard_name
from pipeline.index.summary import Summary, read_summary


@dataclass(frozen=True)
class DatasetIndex:
    """The index of one dataset, as its last scan left it."""

    paths: DatasetPaths

    @cached_property
    def summary(self) -> Summary:
        """Numbers of the last scan.

        Raises:
            StoreError: the dataset was never scanned, or the file is damaged.
        """
        summary = read_summary(self.paths.summary)
        if summary is None:
            raise StoreError(f"{self.paths.summary}: no such file; run: python -m pipeline scan")
        return summary

    @property
    def is_imported(self) -> bool:
        """Whether the dataset is imported as ready-made packs."""
        return bool(self.summary.packs)

    def shards(self, extractor: str) -> list[str]:
        """Names of an extractor's shards, one job each."""
        return [shard_name(index) for index in range(self._num_shards(extractor))]

    def stores(self, extractor: str, where: DatasetPaths | None = None) -> list[Path]:
        """Stores of an extractor, one for each shard; ``where`` is the dataset's folder unless given."""
        return [(where or self.paths).store(extractor, shard) for shard in self.shards(extractor)]

    def failed(self, extractor: str) -> list[Path]:
        """Lists of failed clips, one for each shard."""
        return [self.paths.failed(extractor, shard) for shard in self.shards(extractor)]

    def existing_stores(self) -> dict[str, list[Path]]:
        """Stores on disk by extractor, also of extractors that no pack asks for any more."""
        stores: dict[str, list[Path]] = {}
        for path in sorted(self.paths.features.glob("*/*.h5")):
            stores.setdefault(path.parent.name, []).append(path)
        return stores

    def manifests(self, kind: str) -> list[Path]:
        """All manifests of one kind: ``media``, ``text`` or ``words``."""
        return [self.paths.manifest(kind, shard_name(index)) for index in range(self.summary.manifests)]

    def shard_manifests(self, kind: str, extractor: str, shard: str) -> list[Path]:
        """Manifests of one kind whose clips belong to an extractor's shard; none if it does not read that kind."""
        if kind not in extractor_facts(extractor).manifest_kinds:
            return []
        indices = manifests_of(int(shard, 16), self._num_shards(extractor), self.summary.manifests)
        return [self.paths.manifest(kind, shard_name(index)) for index in indices]

    def rows(self, kind: str) -> Iterator[dict[str, Any]]:
        """Rows of all manifests of one kind.

        Raises:
            StoreError: a manifest is absent or damaged.
        """
        return read_rows(self.manifests(kind))

    def shard_rows(self, kind: str, extractor: str, shard: str) -> Iterator[dict[str, Any]]:
        """Rows of the manifests of `shard_manifests`."""
        return read_rows(self.shard_manifests(kind, extractor, shard))

    def texts(self) -> dict[str, str]:
        """Transcripts by clip id."""
        return {row["clip_id"]: row["text"] for row in self.rows("text")}

    def _num_shards(self, extractor: str) -> int:
        return self.summary.num_shards(extractor_facts(extractor).shard_clips)


def read_rows(paths: list[Path]) -> Iterator[dict[str, Any]]:
    """Rows of several files of JSON lines, one after the other."""
    return (row for path in paths for row in read_jsonl(path))
