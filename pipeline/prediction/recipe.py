"""How to prepare a new clip for a run: the extractors of the run's pack, with unchanged settings and weights."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config.loading import validated
from pipeline.config.settings import PackConfig
from pipeline.config.training import model_version
from pipeline.core import plugins
from pipeline.core.errors import ConfigError, StoreError
from pipeline.core.extractor_facts import extractor_facts
from pipeline.core.fingerprints import file_sha256, library_versions
from pipeline.core.types import Modality
from pipeline.packs.schema import PackCard
from pipeline.training.run_folder import RunFolder

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """The part of a pack's card that a run's model needs.

    Attributes:
        card: grid, lengths, scale and extractors.
        modalities: those that the model reads, in the usual order.
        extractors: settings of the extractors that are needed, by name.
    """

    card: PackCard
    modalities: tuple[Modality, ...]
    extractors: Mapping[str, Mapping[str, Any]]

    @property
    def words(self) -> str | None:
        """The extractor of word timings of an aligned pack."""
        return self.card.alignment.words if self.card.alignment else None

    def identity(self, extractor: str) -> str:
        """Fingerprint of an extractor when the pack was built."""
        return str(self.card.extractor_settings[extractor]["identity"])


def open_finished(path: Path) -> RunFolder:
    """The folder of a finished run.

    Raises:
        StoreError: there is no such folder, it is not a run folder, or the training has not ended.
        ConfigError: the run's model has changed since.
    """
    expected = "expected a run: processed/<dataset>/runs/<pack>/<model>/<seed>"
    folder = RunFolder(path)
    if not path.is_dir():
        raise StoreError(f"{path}: no such folder; {expected}")
    if not folder.config_file.is_file():
        raise StoreError(f"{path}: no {folder.config_file.name}; {expected}")
    if not folder.weights.is_file():
        raise StoreError(f"{path}: no {folder.weights.name}, the training has not ended; run snakemake again")
    try:
        run = folder.spec
    except ConfigError as error:
        raise StoreError(f"{str(error).partition(chr(10))[0]}; {expected}") from error
    version = model_version(run.model)
    if version != run.version:
        raise ConfigError(
            f"model {run.model} is version {version}, the run was trained with version {run.version}; train it again"
        )
    return folder


def make_recipe(card: PackCard, modalities: tuple[Modality, ...]) -> Recipe:
    """Select the extractors that a new clip needs.

    Args:
        card: of the run's pack.
        modalities: those that the model reads.

    Raises:
        ConfigError: the pack was imported or joins several datasets, or an extractor has changed since.
        StoreError: the card is of an older version and lacks the extractors' settings.
    """
    if card.members:
        raise ConfigError(
            f"pack {card.pack} joins {', '.join(card.members)}, each with extractors and a scale of its own; "
            "expected a run on the pack of one dataset"
        )
    if not card.extractors:
        raise ConfigError(
            f"pack {card.pack} of {card.dataset} was imported, so the extractors of its features are unknown; "
            "expected a run on a pack built from videos"
        )
    config = validated(PackConfig, card.settings, f"settings of pack {card.pack}")
    wanted = {card.extractors[name] for name in modalities}
    if config.align and set(modalities) != {"text"}:
        wanted |= {card.extractors["text"], config.align.words}
    missing = sorted(wanted - card.extractor_settings.keys())
    if missing:
        raise StoreError(
            f"the card of pack {card.pack} has no settings of {', '.join(missing)}: an older Triptych wrote it; "
            "build the pack and train the run again"
        )
    settings = {name: _unchanged(name, card.extractor_settings[name]) for name in sorted(wanted)}
    return Recipe(card, modalities, settings)


def _unchanged(name: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of an extractor, after checking that it still computes the pack's features."""
    version = extractor_facts(name).version
    if version != stored["version"]:
        raise ConfigError(
            f"extractor {name} is version {version}, the run's pack was built with version {stored['version']}; "
            "build the pack and train the run again"
        )
    module = plugins.load("extractors", name)
    # Device settings are not copied: every extractor runs on the CPU.
    weights = {key: value for key, value in stored["outside"].items() if key == "weights"}
    settings = {**stored["settings"], **weights}
    config = validated(module.Config, settings, f"settings of extractor {name}")
    hashes = {file: file_sha256(path) for file, path in module.extractor.weight_files(config).items()}
    if hashes != stored["weights"]:
        changed = sorted(file for file, _ in hashes.items() ^ stored["weights"].items())
        raise ConfigError(
            f"weights of extractor {name} differ from those of the run's pack ({', '.join(changed)}); put those back, "
            "or build the pack and train the run again"
        )
    _warn_of_other_libraries(name, stored["libraries"])
    return settings


def _warn_of_other_libraries(name: str, stored: Mapping[str, str]) -> None:
    installed = library_versions(stored)
    other = [
        f"{library} {installed[library]} (pack: {stored[library]})"
        for library in stored
        if installed[library] != stored[library]
    ]
    if other:
        _log.warning("extractor %s runs with %s: numbers may differ a little", name, ", ".join(other))
