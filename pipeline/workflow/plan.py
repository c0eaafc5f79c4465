"""The plan of a run: which datasets, packs, unions, models and seeds there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.config.loading import read_yaml, validated
from pipeline.config.settings import PackConfig, WorkflowConfig
from pipeline.config.sweeps import SweepTrials
from pipeline.config.unions import UnionConfig
from pipeline.core.errors import ConfigError
from pipeline.core.extractor_facts import extractor_facts
from pipeline.core.paths import DatasetPaths, Layout
from pipeline.index.dataset_index import DatasetIndex
from pipeline.labels.union_settings import UnionSettings, resolve_union
from pipeline.scanning.generator import generate_raw
from pipeline.scanning.scan import scan
from pipeline.workflow.config_files import dataset_config, model_settings, pack_config, sweep_config, union_config
from pipeline.workflow.lock import lock_processed


@dataclass(frozen=True)
class TrainingRun:
    """One training run."""

    dataset: str
    pack: str
    model: str
    seed: int


class Plan:
    """Settings resolved, datasets scanned."""

    def __init__(self, config: Mapping[str, Any], *, scan_now: bool, lock: bool = False, dry_run: bool = False) -> None:
        """Resolve all settings.

        Args:
            config: the content of ``config.yaml`` with the command line's overrides.
            scan_now: True in the main process, which scans the raw data and writes manifests and settings;
                False in a job, which reads them.
            lock: lock ``processed`` against other runs until this process ends.
            dry_run: do not generate raw data that is absent.

        Raises:
            PipelineError: a setting, a dataset or a weight file is wrong or absent.
        """
        self.config = validated(WorkflowConfig, config, "config/config.yaml")
        self.layout = Layout(Path(self.config.processed))
        if lock:
            lock_processed(self.layout.processed)
        self.datasets = {name: dataset_config(name) for name in self.config.datasets}
        union_configs = {name: union_config(name) for name in self.config.unions}
        labelled = {dataset for config in union_configs.values() for dataset in config.datasets}
        #: Also those that only a union needs, for their texts and labels; their media may be absent.
        self.scanned = {**{name: dataset_config(name) for name in sorted(labelled)}, **self.datasets}
        self.pack_configs = {name: pack_config(name) for name in self.config.packs}
        self.sweeps = {name: sweep_config(name, self.config.datasets) for name in self.config.sweeps}
        if scan_now:
            for name in self.scanned:
                self._scan(name, dry_run=dry_run)
        self.indexes = {name: self._index(name) for name in self.scanned}
        self.unions = {name: self._union(name, config) for name, config in union_configs.items()}
        #: Unions whose packs are joined for training.
        self.joined = list(self.unions) if self.config.joint else []

    def paths(self, dataset: str) -> DatasetPaths:
        """Paths of a dataset's derived files."""
        return self.layout.dataset(dataset)

    def packs(self, dataset: str) -> list[str]:
        """Packs of a dataset: the configured ones, or the ready-made ones of its raw folder."""
        return self.indexes[dataset].summary.packs or list(self.pack_configs)

    def pack_config(self, dataset: str, pack: str) -> PackConfig:
        """Settings of a configured pack for a dataset, which may name its own extractor of word timings."""
        return self.pack_configs[pack].timed_by(self.scanned[dataset].words)

    def extractors(self, dataset: str) -> list[str]:
        """Extractors of the packs of a dataset; none for ready-made packs."""
        if self.indexes[dataset].is_imported:
            return []
        configs = [self.pack_config(dataset, pack) for pack in self.pack_configs]
        return sorted({name for config in configs for name in config.all_extractors()})

    @cached_property
    def all_extractors(self) -> list[str]:
        """Extractors of all configured packs of all datasets."""
        configs = [self.pack_config(dataset, pack) for dataset in self.datasets for pack in self.pack_configs]
        return sorted({name for config in configs for name in config.all_extractors()})

    @property
    def needs_media(self) -> bool:
        """Whether any configured pack is made of sound or video."""
        return any(extractor_facts(name).reads_media for name in self.all_extractors)

    def runs(self) -> list[TrainingRun]:
        """Every dataset or joined union x pack x model x seed."""
        places = [(dataset, pack) for dataset in self.datasets for pack in self.packs(dataset)]
        places += [(union, pack) for union in self.joined for pack in self.pack_configs]
        return [
            TrainingRun(dataset, pack, model, seed)
            for dataset, pack in places
            for model in self.config.models
            for seed in self.config.seeds
        ]

    def trials(self, dataset: str, sweep: str) -> list[str]:
        """Names of a sweep's trials."""
        path = self.paths(dataset).sweep_trials(sweep)
        return list(validated(SweepTrials, read_yaml(path), str(path)).trials)

    def train_gpus(self, dataset: str, model: str) -> int:
        """GPUs of a training job: one for each of its processes; 0 if the run uses none."""
        return model_settings(dataset, model)["training"]["devices"] if self.config.gpus else 0

    def train_threads(self, cores: int | None) -> int:
        """Threads of a training job: as configured, or the cores divided among the runs that are trained at once.

        Args:
            cores: of this run; None if unknown, as on a cluster.
        """
        at_once = max(1, min(len(self.runs()), self.config.gpus or len(self.runs())))
        return self.config.train_threads or max(1, min(8, (cores or 1) // at_once))

    @cached_property
    def trained_encoders(self) -> dict[str, str]:
        """The union that each trained sentence encoder belongs to."""
        return {union.trained_encoder: name for name, union in self.unions.items() if union.trained_encoder}

    # -- how it is resolved

    def _union(self, name: str, config: UnionConfig) -> UnionSettings:
        if packed := [dataset for dataset in config.datasets if self.indexes[dataset].is_imported]:
            raise ConfigError(f"union {name}: {packed[0]} comes as ready-made packs; a union needs its label table")
        if self.config.joint and name in self.scanned:
            raise ConfigError(f"union {name}: a dataset has that name and their packs would mix; rename the union")
        if self.config.joint and (absent := [dataset for dataset in config.datasets if dataset not in self.datasets]):
            raise ConfigError(f"union {name}: joint training needs packs of {absent[0]}; add it to datasets")
        return resolve_union(name, config, {dataset: self.scanned[dataset] for dataset in config.datasets})

    def _scan(self, name: str, *, dry_run: bool) -> None:
        config, raw, paths = self.scanned[name], Path(self.config.raw) / name, self.paths(name)
        needs_media = name in self.datasets and self.needs_media
        generate_raw(name, config, raw, dry_run=dry_run)
        scan(name, config, raw=raw, paths=paths, deep=self.config.deep_scan, needs_media=needs_media)

    def _index(self, name: str) -> DatasetIndex:
        index = DatasetIndex(self.paths(name))
        _ = index.summary  # a dataset that was never scanned ends the run here, in one line
        return index
