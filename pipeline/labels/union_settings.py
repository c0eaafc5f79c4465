"""The resolved settings of a union: its encoders and datasets. Imports nothing heavy: the workflow needs it early."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.config import weights
from pipeline.config.base import Settings
from pipeline.config.settings import DatasetConfig
from pipeline.config.unions import SentenceEncoderConfig, Taxonomy, UnionConfig
from pipeline.core import plugins
from pipeline.core.errors import ConfigError, nearest
from pipeline.core.fingerprints import FileHashes, digest
from pipeline.core.paths import EncoderPaths, Layout
from pipeline.index.dataset_index import DatasetIndex
from pipeline.labels.utterances import Utterance, UtteranceSource, read_utterances

#: Raised when the same settings train or borrow to other results.
VERSION = 2


class UnionDataset(Settings):
    """What a union needs to know of a dataset."""

    language: str
    """Language of its texts."""
    highest: float
    """Upper end of its label range, which becomes 3."""
    taxonomy: Taxonomy | None
    """Whose names of emotions it uses; None for a dataset without emotions."""


class UnionSettings(Settings):
    """``settings.json`` of a union: everything resolved."""

    name: str
    """The union's name."""
    version: int = VERSION
    """Of the code that labels."""
    config: UnionConfig
    """Its settings."""
    datasets: dict[str, UnionDataset]
    """Its datasets."""

    @property
    def plain_encoder(self) -> str:
        """Name of the encoder as it comes; its settings are part of it, so that unions of equal ones share it."""
        encoder = self.config.encoder
        stem = re.sub(r"[^a-z0-9]+", "-", Path(encoder.weights).name.lower()).strip("-")
        return f"{stem}-{encoder.pooling}-{digest(encoder.model_dump(mode='json'))[:8]}"

    @property
    def trained_encoder(self) -> str | None:
        """Name of the encoder after SimCSE training on this union; None if there is none."""
        if self.config.simcse is None:
            return None
        parts = [self.config.encoder, self.config.simcse]
        settings = [part.model_dump(mode="json") for part in parts]
        return f"{self.name}-simcse-{digest([settings, sorted(self.datasets), self.version])[:8]}"

    @property
    def encoders(self) -> list[str]:
        """All encoders whose quality is measured: as it comes, then trained."""
        return [self.plain_encoder, *([self.trained_encoder] if self.trained_encoder else [])]

    @property
    def encoder(self) -> str:
        """The encoder whose vectors decide: the trained one if there is one."""
        return self.encoders[-1]

    def encoder_config(self, encoder: str, paths: EncoderPaths) -> SentenceEncoderConfig:
        """Settings of one of the encoders; a trained one's weights are among the results."""
        if encoder == self.plain_encoder:
            return self.config.encoder
        return self.config.encoder.model_copy(update={"weights": str(paths.weights.parent)})


def resolve_union(name: str, config: UnionConfig, datasets: Mapping[str, DatasetConfig]) -> UnionSettings:
    """Resolve a union.

    Args:
        name: its name.
        config: its settings.
        datasets: settings of its datasets.

    Raises:
        ConfigError: its datasets are of several languages, or ``taxonomies`` names one that is not among them.
    """
    languages = sorted({dataset.language for dataset in datasets.values()})
    if len(languages) > 1 and not config.mixed_languages:
        raise ConfigError(
            f"union {name}: its datasets are in {' and '.join(languages)}; expected one language, or an encoder that "
            "knows all of them and mixed_languages: true"
        )
    if foreign := sorted(set(config.taxonomies) - set(datasets)):
        raise ConfigError(f"union {name}: taxonomies names {foreign[0]}; {nearest(foreign[0], list(datasets))}")
    return UnionSettings(
        name=name,
        config=config,
        datasets={
            dataset: UnionDataset(
                language=settings.language,
                highest=settings.label_range[1],
                taxonomy=config.taxonomies.get(dataset, plugins.literals("readers", settings.reader).get("TAXONOMY")),
            )
            for dataset, settings in datasets.items()
        },
    )


def encoder_settings(settings: UnionSettings, encoder: str, paths: EncoderPaths, hashes: FileHashes) -> dict[str, Any]:
    """Settings of an encoder and hashes of the weights it starts from.

    Raises:
        MissingDependencyError: the weights are missing.
    """
    files = weights.weight_files(weights.resolve_text_encoder(settings.config.encoder.weights))
    config = settings.encoder_config(encoder, paths)
    return {
        "encoder": config.model_dump(mode="json"),
        "files": {name: hashes.sha256(path) for name, path in files.items()},
    }


def read_union_settings(path: Path) -> UnionSettings:
    """Read a union's ``settings.json``.

    Raises:
        ConfigError: it is absent or damaged.
    """
    try:
        return UnionSettings.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path}: no readable settings of a union ({reason}); run snakemake labels again") from error


def read_union(settings: UnionSettings, layout: Layout) -> list[Utterance]:
    """The rows of all datasets of a union.

    Raises:
        StoreError: an index is absent or damaged.
        RawDataError: a label means nothing in the union.
    """
    rows: list[Utterance] = []
    for name, dataset in settings.datasets.items():
        index = DatasetIndex(layout.dataset(name))
        source = UtteranceSource(name, index.paths.labels, index.texts(), dataset.highest, dataset.taxonomy)
        rows += read_utterances(source)
    return rows
