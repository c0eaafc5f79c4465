"""What the Snakefile asks: which datasets, shards, packs and runs there are, and which files each job reads."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pipeline import discovery
from pipeline.atomic import write_if_changed
from pipeline.config.loading import check_against_schema, merged, nearest, read_yaml, validated
from pipeline.config.settings import DatasetConfig, PackConfig, RunConfig
from pipeline.config.unions import UnionConfig
from pipeline.disturbances.levels import LEVELS, MEDIA, MEDIA_SOURCES, at_level
from pipeline.errors import ConfigError, StoreError
from pipeline.extraction.identity import resolve
from pipeline.labels.planning import UnionPlan, encoder_settings, plan_union
from pipeline.manifest import manifests_of, shard_name
from pipeline.paths import DatasetPaths, Layout
from pipeline.provenance import FileHashes, canonical
from pipeline.scanning.scan import scan
from pipeline.scanning.summary import Summary, read_summary
from pipeline.training.settings import RunSettings, base_model
from pipeline.training.settings import resolve as resolve_model
from pipeline.training.sweeps import SweepConfig, SweepPlan, draw, nested

#: Names become parts of paths and of shell lines.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][\w.+-]*", re.ASCII)
_REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Run:
    """One training run."""

    dataset: str
    pack: str
    model: str
    seed: int


class Workflow:
    """The plan of a run: settings resolved, datasets scanned."""

    def __init__(self, config: Mapping[str, Any], *, scan_now: bool) -> None:
        """Resolve all settings.

        Args:
            config: the content of ``config.yaml`` with the command line's overrides.
            scan_now: True in the main process, which looks at the raw data and writes manifests and settings;
                False in a job, which reads what the main process wrote.

        Raises:
            PipelineError: a setting, a dataset or a weight file is wrong or absent.
        """
        self.config = validated(RunConfig, config, "config/config.yaml")
        self.layout = Layout(Path(self.config.processed))
        self.datasets = {name: self._dataset_config(name) for name in self.config.datasets}
        union_configs = {name: self._union_config(name) for name in self.config.unions}
        labelled = {dataset for config in union_configs.values() for dataset in config.datasets}
        #: Also those that only a union needs: their texts and labels are read, their media not asked for.
        self.scanned = {**{name: self._dataset_config(name) for name in sorted(labelled)}, **self.datasets}
        self.pack_configs = {name: self._pack_config(name) for name in self.config.packs}
        self.sweeps = {name: self._sweep_config(name) for name in self.config.sweeps}
        self.summaries = {name: self._summary(name, scan_now=scan_now) for name in self.scanned}
        self.unions = {name: self._union(name, config) for name, config in union_configs.items()}
        #: Unions whose packs are joined for training.
        self.joined = list(self.unions) if self.config.joint else []
        if scan_now:
            self._write_settings()
            for name, sweep in self.sweeps.items():
                for dataset in sweep.datasets:
                    self._write_sweep(dataset, name)

    # -- what there is

    def paths(self, dataset: str) -> DatasetPaths:
        """Where everything of a dataset lies."""
        return self.layout.dataset(dataset)

    def packs(self, dataset: str) -> list[str]:
        """Packs of a dataset: the configured ones, or those that lie ready-made in its raw folder."""
        return self.summaries[dataset].packs or list(self.pack_configs)

    def pack_config(self, dataset: str, pack: str) -> PackConfig:
        """Settings of a configured pack for a dataset, which may name its own extractor of word timings."""
        return self.pack_configs[pack].timed_by(self.scanned[dataset].words)

    def extractors(self, dataset: str) -> list[str]:
        """Extractors that the packs of a dataset ask for; none where they lie ready-made."""
        if self.summaries[dataset].packs:
            return []
        configs = [self.pack_config(dataset, pack) for pack in self.pack_configs]
        return sorted({name for config in configs for name in config.all_extractors()})

    @cached_property
    def all_extractors(self) -> list[str]:
        """Extractors that a configured pack may ask for, whatever the dataset."""
        configs = [self.pack_config(dataset, pack) for dataset in self.datasets for pack in self.pack_configs]
        return sorted({name for config in configs for name in config.all_extractors()})

    @property
    def needs_media(self) -> bool:
        """Whether any configured pack is made of sound or video."""
        reads = [source for name in self.all_extractors for source in discovery.literals("extractors", name)["READS"]]
        return "sound" in reads or "video" in reads

    def shards(self, dataset: str, extractor: str) -> list[str]:
        """Names of an extractor's shards."""
        return [shard_name(index) for index in range(self._num_shards(dataset, extractor))]

    def runs(self) -> list[Run]:
        """Every dataset or joined union x pack x model x seed."""
        places = [(dataset, pack) for dataset in self.datasets for pack in self.packs(dataset)]
        places += [(union, pack) for union in self.joined for pack in self.pack_configs]
        return [
            Run(dataset, pack, model, seed)
            for dataset, pack in places
            for model in self.config.models
            for seed in self.config.seeds
        ]

    def trials(self, dataset: str, sweep: str) -> list[str]:
        """Names of a sweep's trials."""
        path = self.paths(dataset).sweep_plan(sweep)
        return list(validated(SweepPlan, read_yaml(path), str(path)).trials)

    def train_gpus(self, dataset: str, model: str) -> int:
        """GPUs that a training job takes: one for each of its processes; 0 where none are lent."""
        return self._model_settings(dataset, model)["training"]["devices"] if self.config.gpus else 0

    def model_version(self, model: str) -> int:
        """The ``VERSION`` of a model's file: raised when the same settings train to other numbers."""
        return discovery.literals("models", base_model(model)).get("VERSION", 1)

    def disturbed_packs(self, dataset: str, pack: str) -> list[Path]:
        """Test splits of a pack from disturbed media; none of an imported pack, or of extractors that read no media."""
        if self.summaries[dataset].packs:
            return []
        paths, extractors = self.paths(dataset), self.pack_configs[pack].extractors()
        reached = [
            name
            for name, modality in MEDIA.items()
            if modality in extractors
            and MEDIA_SOURCES[name] in discovery.literals("extractors", extractors[modality])["READS"]
        ]
        return [paths.disturbed(name, level).pack(pack, "h5") for name in reached for level in LEVELS]

    def disturbed_stores(self, dataset: str, pack: str, disturbance: str, level: str) -> list[Path]:
        """Stores of the test clips that a pack's disturbed split is made of."""
        extractor = self.pack_configs[pack].extractors()[MEDIA[at_level(disturbance, int(level)).name]]
        paths = self.paths(dataset).disturbed(disturbance, level)
        return [paths.store(extractor, shard) for shard in self.shards(dataset, extractor)]

    def train_threads(self, cores: int | None) -> int:
        """Threads of a training job: as configured, or all cores shared by the runs that can go on at once.

        Args:
            cores: of this run; None where it is not known, as on a cluster.
        """
        at_once = max(1, min(len(self.runs()), self.config.gpus or len(self.runs())))
        return self.config.train_threads or max(1, min(8, (cores or 1) // at_once))

    @cached_property
    def trained_encoders(self) -> dict[str, str]:
        """The union that each trained sentence encoder belongs to."""
        return {plan.trained_encoder: name for name, plan in self.unions.items() if plan.trained_encoder}

    # -- what jobs read

    def manifests(self, dataset: str, extractor: str, shard: str, kind: str) -> list[Path]:
        """Manifests of one kind (media, text or words) that an extractor's shard reads; empty if it reads none."""
        reads = discovery.literals("extractors", extractor)["READS"]
        if kind not in {"media" if source in ("sound", "video") else source for source in reads}:
            return []
        shards, manifests = self._num_shards(dataset, extractor), self.summaries[dataset].manifests
        paths = self.paths(dataset)
        return [paths.manifest(kind, shard_name(i)) for i in manifests_of(int(shard, 16), shards, manifests)]

    def all_manifests(self, dataset: str, kind: str) -> list[Path]:
        """All manifests of one kind."""
        count = self.summaries[dataset].manifests
        return [self.paths(dataset).manifest(kind, shard_name(index)) for index in range(count)]

    def stores(self, dataset: str, extractors: list[str]) -> list[Path]:
        """Feature stores of some extractors."""
        paths = self.paths(dataset)
        return [paths.store(name, shard) for name in extractors for shard in self.shards(dataset, name)]

    def failures(self, dataset: str, extractor: str) -> list[Path]:
        """Lists of failed clips beside an extractor's stores."""
        return [self.paths(dataset).failed(extractor, shard) for shard in self.shards(dataset, extractor)]

    def gates(self, dataset: str, extractors: list[str]) -> list[Path]:
        """Lists of failed clips of extractors whose clips are all accounted for."""
        return [self.paths(dataset).gated(name) for name in extractors]

    def identity(self, dataset: str, extractor: str) -> str:
        """Fingerprint of an extractor's settings, weights and libraries for a dataset."""
        return _read_resolved(self.paths(dataset).extractor_settings(extractor))["identity"]

    def priority(self, extractor: str) -> float:
        """Long jobs first, so that no core waits for one at the end: few clips a job means much work a clip.

        Among the jobs of one extractor Snakemake's greedy scheduler takes the one with the larger manifests.
        """
        return 1 / discovery.literals("extractors", extractor)["SHARD_CLIPS"]

    def extract_gpus(self, dataset: str, extractor: str) -> int:
        """GPUs of an extraction job: one where the extractor's ``device`` is one."""
        resolved = _read_resolved(self.paths(dataset).extractor_settings(extractor))
        return int(resolved["outside"].get("device", "cpu") != "cpu")

    def union_texts(self, union: str) -> list[Path]:
        """Labels and texts of a union's datasets."""
        manifests = [path for dataset in self.unions[union].datasets for path in self.all_manifests(dataset, "text")]
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

    # -- how it is resolved

    def _num_shards(self, dataset: str, extractor: str) -> int:
        clips = discovery.literals("extractors", extractor)["SHARD_CLIPS"]
        return self.summaries[dataset].shards(clips)

    def _dataset_config(self, name: str) -> DatasetConfig:
        path = config_file("datasets", name)
        return validated(DatasetConfig, read_yaml(path), str(path))

    def _pack_config(self, name: str) -> PackConfig:
        path = config_file("packs", name)
        return validated(PackConfig, read_yaml(path), str(path))

    def _union_config(self, name: str) -> UnionConfig:
        path = config_file("unions", name)
        return validated(UnionConfig, read_yaml(path), str(path))

    def _union(self, name: str, config: UnionConfig) -> UnionPlan:
        if packed := [dataset for dataset in config.datasets if self.summaries[dataset].packs]:
            raise ConfigError(f"union {name}: {packed[0]} comes as ready-made packs; a union needs its label table")
        if self.config.joint and (absent := [dataset for dataset in config.datasets if dataset not in self.datasets]):
            raise ConfigError(f"union {name}: joint training needs packs of {absent[0]}; add it to datasets")
        return plan_union(name, config, {dataset: self.scanned[dataset] for dataset in config.datasets})

    def _summary(self, name: str, *, scan_now: bool) -> Summary:
        if scan_now:
            raw, needs_media = Path(self.config.raw) / name, name in self.datasets and self.needs_media
            paths, config = self.paths(name), self.scanned[name]
            return scan(name, config, raw=raw, paths=paths, deep=self.config.deep_scan, needs_media=needs_media)
        summary = read_summary(self.paths(name).summary)
        if summary is None:
            raise StoreError(f"dataset {name} was never scanned; start snakemake in the project's folder")
        return summary

    def _write_settings(self) -> None:
        with FileHashes(self.layout.hashes) as hashes:
            for dataset, config in self.datasets.items():
                self._write_dataset(dataset, config, hashes)
            for union in self.unions.values():
                self._write_union(union, hashes)

    def _write_dataset(self, dataset: str, config: DatasetConfig, hashes: FileHashes) -> None:
        paths = self.paths(dataset)
        for extractor in self.extractors(dataset):
            _write_json(paths.extractor_settings(extractor), self._extractor(dataset, extractor, hashes))
        for pack in self.packs(dataset):
            _write_json(paths.pack_settings(pack), self._pack_settings(dataset, pack, config))
        self._write_models(dataset)

    def _write_models(self, dataset: str) -> None:
        for model in self.config.models:
            _write_json(self.paths(dataset).model_settings(model), self._model_settings(dataset, model))

    def _write_union(self, union: UnionPlan, hashes: FileHashes) -> None:
        _write_json(self.layout.union(union.name).settings, union.model_dump(mode="json"))
        for encoder in union.encoders:
            paths = self.layout.encoder(encoder)
            _write_json(paths.settings, encoder_settings(union, encoder, paths, hashes))
        if union.name in self.joined:
            self._write_models(union.name)

    def _extractor(self, dataset: str, extractor: str, hashes: FileHashes) -> dict[str, Any]:
        optional = config_file("features", extractor, required=False)
        overrides = merged(
            read_yaml(optional) if optional.is_file() else {},
            self.datasets[dataset].features.get(extractor, {}),
            self.config.features.get(extractor, {}),
        )
        return resolve(extractor, overrides, f"settings of extractor {extractor} for {dataset}", hashes)

    def _pack_settings(self, dataset: str, pack: str, config: DatasetConfig) -> dict[str, Any]:
        # Word timings stand in the pack's own settings: naming others remakes aligned packs alone.
        described = {"dataset": dataset, "pack": pack, "config": config.model_dump(mode="json", exclude={"words"})}
        if pack in self.pack_configs and not self.summaries[dataset].packs:
            return {**described, "settings": self.pack_config(dataset, pack).model_dump(mode="json")}
        return described

    def _sweep_config(self, name: str) -> SweepConfig:
        path = config_file("sweeps", name)
        sweep = validated(SweepConfig, read_yaml(path), str(path))
        for dataset in sweep.datasets:
            if dataset not in self.datasets:
                raise ConfigError(f"{path}: dataset '{dataset}' is not in the run; add it to datasets")
        return sweep

    def _write_sweep(self, dataset: str, name: str) -> None:
        sweep, paths, where = self.sweeps[name], self.paths(dataset), str(config_file("sweeps", name))
        if sweep.pack not in self.packs(dataset):
            raise ConfigError(
                f"{where}: {dataset} has no pack '{sweep.pack}'; {nearest(sweep.pack, self.packs(dataset))}"
            )
        trials = draw(sweep, where)
        for trial, values in trials.items():
            settings = self._model_settings(dataset, sweep.model, nested(values), where=where)
            _write_json(paths.trial_settings(name, trial), settings)
        plan = {"model": sweep.model, "seeds": sweep.seeds, "metric": sweep.metric, "trials": trials}
        _write_json(paths.sweep_plan(name), plan)

    def _model_settings(
        self, dataset: str, model: str, changes: Mapping[str, Any] | None = None, where: str = ""
    ) -> dict[str, Any]:
        base, _, variant = model.partition("@")
        discovery.source("models", base)
        path = config_file("models", base, required=False)
        raw = read_yaml(path) if path.is_file() else {}
        settings = resolve_model(raw, dataset, variant=variant, where=str(path))
        if changes:
            settings = validated(RunSettings, merged(settings.model_dump(mode="json"), changes), where)
        schema = _REPOSITORY / "config" / "schemas" / f"model.{base}.schema.json"
        check_against_schema(settings.model, schema, f"{where or path}: model")
        return settings.model_dump(mode="json")


def config_file(kind: str, name: str, *, required: bool = True) -> Path:
    """A settings file: from ``config/`` of the working folder, else from the one that comes with Triptych.

    Raises:
        ConfigError: neither has it; names the nearest one.
    """
    if not _PLAIN_NAME.fullmatch(name):
        raise ConfigError(f"{name[:60]!r} cannot be a name in {kind}; expected letters, digits and . _ - +, no folder")
    folders = [Path("config") / kind, _REPOSITORY / "config" / kind]
    for folder in folders:
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    if required:
        known = sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})
        raise ConfigError(f"no config/{kind}/{name}.yaml; {nearest(name, known)}")
    return folders[0] / f"{name}.yaml"


@cache
def _read_resolved(path: Path) -> dict[str, Any]:
    try:
        resolved = json.loads(path.read_text())
        return {key: resolved[key] for key in ("identity", "outside")}
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{path}: not readable ({error}); run snakemake again") from error


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_if_changed(path, (canonical(dict(content)) + "\n").encode())
