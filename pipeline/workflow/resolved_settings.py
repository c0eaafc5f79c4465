"""Writes resolved settings as files. Jobs read them instead of the configuration, so that only real changes rerun."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.config.settings import DatasetConfig
from pipeline.core.atomic_write import write_if_changed
from pipeline.core.errors import ConfigError, nearest
from pipeline.core.fingerprints import FileHashes, canonical
from pipeline.labels.union_settings import UnionSettings, encoder_settings
from pipeline.training.sweeps import draw, nested
from pipeline.workflow.config_files import config_file, extractor_settings, model_settings
from pipeline.workflow.plan import Plan


def write_settings(plan: Plan) -> None:
    """Write the settings of every extractor, pack, model, union and trial whose content differs.

    Raises:
        PipelineError: a setting is wrong or a weight file absent.
    """
    with FileHashes(plan.layout.hashes) as hashes:
        for dataset, config in plan.datasets.items():
            _write_dataset(plan, dataset, config, hashes)
        for union in plan.unions.values():
            _write_union(plan, union, hashes)
    for name, sweep in plan.sweeps.items():
        for dataset in sweep.datasets:
            _write_sweep(plan, dataset, name)


def _write_dataset(plan: Plan, dataset: str, config: DatasetConfig, hashes: FileHashes) -> None:
    paths = plan.paths(dataset)
    for extractor in plan.extractors(dataset):
        layers = (config.features.get(extractor, {}), plan.config.features.get(extractor, {}))
        extractor_settings(dataset, extractor, *layers, hashes=hashes).write(paths.extractor_settings(extractor))
    for pack in plan.packs(dataset):
        _write_json(paths.pack_settings(pack), _pack_settings(plan, dataset, pack, config))
    _write_models(plan, dataset)


def _write_models(plan: Plan, dataset: str) -> None:
    for model in plan.config.models:
        _write_json(plan.paths(dataset).model_settings(model), model_settings(dataset, model))


def _write_union(plan: Plan, union: UnionSettings, hashes: FileHashes) -> None:
    _write_json(plan.layout.union(union.name).settings, union.model_dump(mode="json"))
    for encoder in union.encoders:
        paths = plan.layout.encoder(encoder)
        _write_json(paths.settings, encoder_settings(union, encoder, paths, hashes))
    if union.name in plan.joined:
        _write_models(plan, union.name)


def _pack_settings(plan: Plan, dataset: str, pack: str, config: DatasetConfig) -> dict[str, Any]:
    # Word timings are in the pack's own settings, so that naming others rebuilds aligned packs alone; the content of
    # links and generated files is in the manifests.
    described = {
        "dataset": dataset,
        "pack": pack,
        "config": config.model_dump(mode="json", exclude={"words", "follow_links", "generator"}),
    }
    if pack in plan.pack_configs and not plan.indexes[dataset].is_imported:
        return {**described, "settings": plan.pack_config(dataset, pack).model_dump(mode="json")}
    return described


def _write_sweep(plan: Plan, dataset: str, name: str) -> None:
    sweep, paths, where = plan.sweeps[name], plan.paths(dataset), str(config_file("sweeps", name))
    if sweep.pack not in plan.packs(dataset):
        raise ConfigError(f"{where}: {dataset} has no pack '{sweep.pack}'; {nearest(sweep.pack, plan.packs(dataset))}")
    trials = draw(sweep, where)
    for trial, values in trials.items():
        settings = model_settings(dataset, sweep.model, nested(values), where=where)
        _write_json(paths.trial_settings(name, trial), settings)
    drawn = {"model": sweep.model, "seeds": sweep.seeds, "metric": sweep.metric, "trials": trials}
    _write_json(paths.sweep_trials(name), drawn)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_if_changed(path, (canonical(dict(content)) + "\n").encode())
