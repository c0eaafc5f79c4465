"""Stored clips belong to the present raw files, texts and settings."""

from collections.abc import Iterator, Mapping
from importlib import metadata

from pipeline.audit.evidence import Extracted, Fault, Packed, fingerprint
from pipeline.core.extractor_facts import extractor_facts
from pipeline.extraction.tasks import Task


def check_identity(stores: Extracted) -> Iterator[Fault]:
    """The identity is the fingerprint of the settings, and names the installed libraries and the present code."""
    where, settings = f"features/{stores.name}", dict(stores.settings)
    identity = settings.pop("identity", "")
    settings.pop("outside", None)  # where weights lie and what they run on; their hashes count instead
    if fingerprint(settings) != identity:
        yield Fault(where, f"identity {identity[:12]} is not that of its settings")
    for name, version in settings["libraries"].items():
        if (installed := _installed(name)) != version:
            yield Fault(where, f"made with {name} {version}, installed is {installed}")
    current = extractor_facts(stores.name).version
    if current != settings["version"]:
        yield Fault(where, f"made with version {settings['version']} of the extractor, the code is version {current}")
    for path in sorted({stored.path for stored in stores.clips.values() if stored.identity != identity}):
        yield Fault(f"{where}/{path.name}", "the store names another identity than the settings")


def check_keys(stores: Extracted, expected: Mapping[str, Task]) -> Iterator[Fault]:
    """Each stored clip has the key of its present raw file, segment, text, context and settings."""
    for clip_id, stored in sorted(stores.clips.items()):
        if clip_id in expected and stored.key != expected[clip_id].key:  # `check_extracted` reports unknown clips
            yield Fault(
                f"features/{stores.name} {clip_id}", "made of another raw file, text or settings than there are now"
            )


def check_card(pack: Packed, extracted: Mapping[str, Extracted]) -> Iterator[Fault]:
    """The card names the identities of the stores."""
    for name, identity in pack.card["identities"].items():
        if extracted[name].settings["identity"] != identity:
            yield Fault(f"{pack.name} card", f"names another identity of {name} than its settings")


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"
