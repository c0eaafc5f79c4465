"""Inputs and resources of each job."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.core.extractor_facts import extractor_facts
from pipeline.corruptions.levels import LEVELS, MEDIA_MODALITY, MEDIA_SOURCES, at_level
from pipeline.extraction.resolved import ResolvedExtractor, read_resolved
from pipeline.workflow.plan import Plan
from pipeline.workflow.resolved_settings import write_settings


class Workflow(Plan):
    """The plan of a run, with the files of its jobs."""

    def __init__(self, config: Mapping[str, Any], *, scan_now: bool, lock: bool = False, dry_run: bool = False) -> None:
        """Resolve all settings as `Plan` does; the main process (``scan_now``) also writes them for the jobs."""
        super().__init__(config, scan_now=scan_now, lock=lock, dry_run=dry_run)
        if scan_now:
            write_settings(self)

    def stores(self, dataset: str, extractors: list[str]) -> list[Path]:
        """Feature stores of some extractors."""
        return [store for name in extractors for store in self.indexes[dataset].stores(name)]

    def gates(self, dataset: str, extractors: list[str]) -> list[Path]:
        """Lists of failed clips of extractors whose clips are all accounted for."""
        return [self.paths(dataset).extractor_quarantine(name) for name in extractors]

    def identity(self, dataset: str, extractor: str) -> str:
        """Fingerprint of an extractor's settings, weights and libraries for a dataset."""
        return self._resolved(dataset, extractor).identity

    def priority(self, extractor: str) -> float:
        """Priority of an extraction: extractors with few clips per job need the most work per clip and start first.

        Among the jobs of one extractor Snakemake's greedy scheduler takes the one with the larger manifests.
        """
        return 1 / extractor_facts(extractor).shard_clips

    def extract_gpus(self, dataset: str, extractor: str) -> int:
        """GPUs of an extraction job: one where the extractor's ``device`` is one."""
        return int(self._resolved(dataset, extractor).outside.get("device", "cpu") != "cpu")

    def corrupted_packs(self, dataset: str, pack: str) -> list[Path]:
        """Test splits of a pack from corrupted media; none of an imported pack, or of extractors that read no media."""
        if self.indexes[dataset].is_imported:
            return []
        paths, extractors = self.paths(dataset), self.pack_configs[pack].extractors()
        reached = [
            name
            for name, modality in MEDIA_MODALITY.items()
            if modality in extractors and MEDIA_SOURCES[name] in extractor_facts(extractors[modality]).reads
        ]
        return [paths.corrupted(name, level).pack(pack, "h5") for name in reached for level in LEVELS]

    def corrupted_stores(self, dataset: str, pack: str, corruption: str, level: str) -> list[Path]:
        """Stores of the test clips that a pack's corrupted split is made of."""
        extractor = self.pack_configs[pack].extractors()[MEDIA_MODALITY[at_level(corruption, int(level)).name]]
        return self.indexes[dataset].stores(extractor, self.paths(dataset).corrupted(corruption, level))

    def union_texts(self, union: str) -> list[Path]:
        """Labels and texts of a union's datasets."""
        manifests = [
            path for dataset in self.unions[union].datasets for path in self.indexes[dataset].manifests("text")
        ]
        return [*self.union_labels(union), *manifests]

    def union_labels(self, union: str) -> list[Path]:
        """Labels of a union's datasets."""
        return [self.paths(dataset).labels for dataset in self.unions[union].datasets]

    def union_packs(self, union: str, pack: str) -> list[Path]:
        """Packs that a union's pack is made of."""
        return [self.paths(dataset).pack(pack, "h5") for dataset in self.unions[union].datasets]

    def embeddings(self, union: str, encoders: list[str]) -> list[Path]:
        """Sentence vectors of a union's datasets."""
        return [self.layout.encoder(encoder).embeddings(d) for encoder in encoders for d in self.unions[union].datasets]

    def _resolved(self, dataset: str, extractor: str) -> ResolvedExtractor:
        return _read_resolved(self.paths(dataset).extractor_settings(extractor))


_read_resolved = cache(read_resolved)
