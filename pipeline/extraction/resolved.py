"""An extractor with its settings, weights and identity resolved: the part of a clip's key that is not the clip."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.core import plugins
from pipeline.core.atomic_write import write_if_changed
from pipeline.core.errors import MissingDependencyError, StoreError
from pipeline.core.extractor_facts import extractor_facts
from pipeline.core.fingerprints import FileHashes, canonical, identity_parts

#: Where weights are and what they run on; the hashes of the weight files count instead.
OUTSIDE_IDENTITY = ("weights", "device")


@dataclass(frozen=True)
class ResolvedExtractor:
    """``settings/features/<extractor>.json``.

    Attributes:
        extractor: its name.
        version: its ``VERSION``.
        settings: settings that shape the numbers.
        weights: sha256 of its weight files by name.
        libraries: versions of the libraries that shape the numbers.
        identity: fingerprint of all of the above.
        outside: the settings of `OUTSIDE_IDENTITY`.
    """

    extractor: str
    version: int
    settings: Mapping[str, Any]
    weights: Mapping[str, str]
    libraries: Mapping[str, str]
    identity: str
    outside: Mapping[str, Any]

    @property
    def all_settings(self) -> dict[str, Any]:
        """Everything that its ``Config`` takes."""
        return {**self.settings, **self.outside}

    def write(self, path: Path) -> None:
        """Write it, unless the file has this content already."""
        write_if_changed(path, (canonical(asdict(self)) + "\n").encode())


def read_resolved(path: Path) -> ResolvedExtractor:
    """Read what `ResolvedExtractor.write` wrote.

    Raises:
        StoreError: the file is absent or damaged.
    """
    try:
        return ResolvedExtractor(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{path}: no readable extractor settings ({error}); run: python -m pipeline scan") from error


def resolve_extractor(
    extractor: str, overrides: Mapping[str, Any], where: str, hashes: FileHashes
) -> ResolvedExtractor:
    """Resolve the settings, weights, versions and identity of an extractor.

    Args:
        extractor: the extractor's name.
        overrides: settings that differ from the defaults.
        where: where they were read, for messages.
        hashes: cache of weight-file hashes.

    Raises:
        ConfigError: the extractor or a setting is unknown.
        MissingDependencyError: a library or a weight file is absent.
    """
    from pipeline.config.loading import validated  # loads pydantic, which jobs that only read this file do without

    module, facts = plugins.load("extractors", extractor), extractor_facts(extractor)
    config = validated(module.Config, overrides, where)
    settings = config.model_dump(mode="json")
    parts = identity_parts(
        name=extractor,
        version=facts.version,
        settings={key: value for key, value in settings.items() if key not in OUTSIDE_IDENTITY},
        weights={name: hashes.sha256(path) for name, path in sorted(module.extractor.weight_files(config).items())},
        libraries=module.extractor.libraries(config) or facts.requires,
    )
    absent = [name for name, version in parts["libraries"].items() if version == "absent"]
    if absent:
        raise MissingDependencyError(
            f"extractor {extractor} needs {', '.join(absent)}; install: pip install {' '.join(absent)}"
        )
    return ResolvedExtractor(**parts, outside={key: settings[key] for key in OUTSIDE_IDENTITY if key in settings})
