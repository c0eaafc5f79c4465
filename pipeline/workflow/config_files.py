"""Finds and reads the settings files of ``config/``."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.config.loading import check_against_schema, merged, read_yaml, validated
from pipeline.config.settings import DatasetConfig, PackConfig
from pipeline.config.sweeps import SweepConfig
from pipeline.config.training import ModelSettings
from pipeline.config.training import resolve as resolve_model
from pipeline.config.unions import UnionConfig
from pipeline.core import plugins
from pipeline.core.errors import ConfigError, nearest
from pipeline.core.fingerprints import FileHashes
from pipeline.extraction.resolved import ResolvedExtractor, resolve_extractor

#: Names become parts of paths and of shell lines.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][\w.+-]*", re.ASCII)
_REPOSITORY = Path(__file__).resolve().parents[2]


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


def dataset_config(name: str) -> DatasetConfig:
    """Settings of a dataset."""
    path = config_file("datasets", name)
    return validated(DatasetConfig, read_yaml(path), str(path))


def pack_config(name: str) -> PackConfig:
    """Settings of a pack."""
    path = config_file("packs", name)
    return validated(PackConfig, read_yaml(path), str(path))


def union_config(name: str) -> UnionConfig:
    """Settings of a union."""
    path = config_file("unions", name)
    return validated(UnionConfig, read_yaml(path), str(path))


def sweep_config(name: str, datasets: Sequence[str]) -> SweepConfig:
    """Settings of a sweep.

    Args:
        name: the file in ``config/sweeps/``.
        datasets: the run's datasets; a sweep may use no others.

    Raises:
        ConfigError: no such file, a wrong setting, or another dataset.
    """
    path = config_file("sweeps", name)
    sweep = validated(SweepConfig, read_yaml(path), str(path))
    for dataset in sweep.datasets:
        if dataset not in datasets:
            raise ConfigError(f"{path}: dataset '{dataset}' is not in the run; add it to datasets")
    return sweep


def extractor_settings(
    dataset: str, extractor: str, *layers: Mapping[str, Any], hashes: FileHashes
) -> ResolvedExtractor:
    """Resolved settings, weights and identity of an extractor for a dataset.

    Args:
        dataset: for messages.
        extractor: its name.
        layers: overrides, later ones on top of ``config/features/<name>.yaml``.
        hashes: cache of weight-file hashes.

    Raises:
        ConfigError: the extractor or a setting is unknown.
        MissingDependencyError: a weight file is absent.
    """
    optional = config_file("features", extractor, required=False)
    overrides = merged(read_yaml(optional) if optional.is_file() else {}, *layers)
    return resolve_extractor(extractor, overrides, f"settings of extractor {extractor} for {dataset}", hashes)


def model_settings(
    dataset: str, model: str, changes: Mapping[str, Any] | None = None, where: str = ""
) -> dict[str, Any]:
    """Resolved settings of a model, or of its variant, on a dataset.

    Args:
        dataset: whose own values are laid over the common ones.
        model: a name such as ``amccl`` or ``amccl@no_contrast``.
        changes: values laid over all others, as a sweep tries them.
        where: what the changes were read from, for messages.

    Raises:
        ConfigError: an unknown model or variant, or a setting that it does not have.
    """
    base, _, variant = model.partition("@")
    plugins.source("models", base)
    path = config_file("models", base, required=False)
    raw = read_yaml(path) if path.is_file() else {}
    settings = resolve_model(raw, dataset, variant=variant, where=str(path))
    if changes:
        settings = validated(ModelSettings, merged(settings.model_dump(mode="json"), changes), where)
    schema = _REPOSITORY / "config" / "schemas" / f"model.{base}.schema.json"
    check_against_schema(settings.model, schema, f"{where or path}: model")
    return settings.model_dump(mode="json")
