"""Which extractor, with which settings and weights: the part of a clip's key that is not the clip."""

from collections.abc import Mapping
from typing import Any

from pipeline.config.loading import validated
from pipeline.core import plugins
from pipeline.core.errors import MissingDependencyError
from pipeline.core.extractor_facts import extractor_facts
from pipeline.core.fingerprints import FileHashes, identity

#: Where weights lie and what they run on; the weights' content counts instead, under its own hash.
OUTSIDE_IDENTITY = ("weights", "device")


def resolve(extractor: str, overrides: Mapping[str, Any], where: str, hashes: FileHashes) -> dict[str, Any]:
    """Settings, weights, versions and identity of an extractor, as they are written beside its output.

    Args:
        extractor: the extractor's name.
        overrides: settings that differ from the defaults.
        where: where they were read, for messages.
        hashes: cache of weight-file hashes.

    Raises:
        ConfigError: the extractor or a setting is unknown.
        MissingDependencyError: a weight file is absent.
    """
    module = plugins.load("extractors", extractor)
    facts = extractor_facts(extractor)
    config = validated(module.Config, overrides, where)
    settings = config.model_dump(mode="json")
    weights = {name: hashes.sha256(path) for name, path in sorted(module.extractor.weight_files(config).items())}
    inside = {key: value for key, value in settings.items() if key not in OUTSIDE_IDENTITY}
    parts = identity(
        name=extractor,
        version=facts.version,
        settings=inside,
        weights=weights,
        libraries=module.extractor.libraries(config) or facts.requires,
    )
    absent = [name for name, version in parts["libraries"].items() if version == "absent"]
    if absent:
        raise MissingDependencyError(
            f"extractor {extractor} needs {', '.join(absent)}; install: pip install {' '.join(absent)}"
        )
    return {**parts, "outside": {key: settings[key] for key in OUTSIDE_IDENTITY if key in settings}}
