"""What a new clip must go through before a run can predict it: the extractors of the run's pack, as they were."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config.loading import validated
from pipeline.config.settings import PackConfig
from pipeline.config.training import base_model
from pipeline.core import plugins
from pipeline.core.errors import ConfigError, StoreError
from pipeline.core.extractor_facts import extractor_facts
from pipeline.core.fingerprints import file_sha256, library_versions
from pipeline.core.types import Modality
from pipeline.packs.schema import Card
from pipeline.training.run_folder import RunFolder

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """Card of the run's pack, and what of it the model looks at.

    Attributes:
        card: grid, lengths, scale and extractors.
        modalities: what the model reads, in the usual order.
        extractors: settings of the extractors that are needed, by name.
    """

    card: Card
    modalities: tuple[Modality, ...]
    extractors: Mapping[str, Mapping[str, Any]]

    @property
    def words(self) -> str | None:
        """The extractor of word times, which an aligned pack puts audio and vision on the words by."""
        return self.card.alignment.words if self.card.alignment else None

    def identity(self, extractor: str) -> str:
        """Fingerprint of an extractor as it was when the pack was made."""
        return str(self.card.extractor_settings[extractor]["identity"])


def open_finished(path: Path) -> RunFolder:
    """The folder of a finished run.

    Raises:
        StoreError: there is no such folder, it is no run's, or the training has not ended.
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
        run = folder.config
    except ConfigError as error:
        raise StoreError(f"{str(error).partition(chr(10))[0]}; {expected}") from error
    version = plugins.literals("models", base_model(run.model))["VERSION"]
    if version != run.version:
        raise ConfigError(
            f"model {run.model} is version {version}, the run was trained with version {run.version}; train it again"
        )
    return folder


def make_recipe(card: Card, modalities: tuple[Modality, ...]) -> Recipe:
    """Settle which extractors a new clip needs.

    Args:
        card: of the run's pack.
        modalities: what the model reads.

    Raises:
        ConfigError: the pack was imported or joins several datasets, or an extractor has changed since.
        StoreError: the card is too old to tell the extractors' settings.
    """
    if card.members:
        raise ConfigError(
            f"pack {card.pack} joins {', '.join(card.members)}, each with extractors and a scale of its own; "
            "expected a run on the pack of one dataset"
        )
    if not card.extractors:
        raise ConfigError(
            f"pack {card.pack} of {card.dataset} was imported, nobody knows how its features were extracted; "
            "expected a run on a pack made from videos"
        )
    config = validated(PackConfig, card.settings, f"settings of pack {card.pack}")
    wanted = {card.extractors[name] for name in modalities}
    if config.align and set(modalities) != {"text"}:
        wanted |= {card.extractors["text"], config.align.words}
    missing = sorted(wanted - card.extractor_settings.keys())
    if missing:
        raise StoreError(
            f"the card of pack {card.pack} tells no settings of {', '.join(missing)}: an older Triptych wrote it; "
            "make the pack and the run anew"
        )
    settings = {name: _unchanged(name, card.extractor_settings[name]) for name in sorted(wanted)}
    return Recipe(card, modalities, settings)


def _unchanged(name: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of an extractor, once it is known that it still gives the numbers the pack was made of."""
    version = extractor_facts(name).version
    if version != kept["version"]:
        raise ConfigError(
            f"extractor {name} is version {version}, the run's pack was made with version {kept['version']}; "
            "make the pack and the run anew"
        )
    module = plugins.load("extractors", name)
    # Where it runs is this machine's affair; on the CPU it always can.
    weights = {key: value for key, value in kept["outside"].items() if key == "weights"}
    settings = {**kept["settings"], **weights}
    config = validated(module.Config, settings, f"settings of extractor {name}")
    hashes = {file: file_sha256(path) for file, path in module.extractor.weight_files(config).items()}
    if hashes != kept["weights"]:
        changed = sorted(file for file, _ in hashes.items() ^ kept["weights"].items())
        raise ConfigError(
            f"weights of extractor {name} differ from those of the run's pack ({', '.join(changed)}); put those back, "
            "or make the pack and the run anew"
        )
    _tell_other_libraries(name, kept["libraries"])
    return settings


def _tell_other_libraries(name: str, kept: Mapping[str, str]) -> None:
    found = library_versions(kept)
    other = [
        f"{library} {found[library]} (pack: {kept[library]})" for library in kept if found[library] != kept[library]
    ]
    if other:
        _log.warning("extractor %s runs with %s: numbers may differ a little", name, ", ".join(other))
