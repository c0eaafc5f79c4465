"""Every stored clip was made of the raw file, text and settings that are there now."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline.audit.evidence import Extracted, Fault, Packed, content_hash, fingerprint
from pipeline.audit.table import Rows
from pipeline.core.extractor_facts import extractor_facts
from pipeline.index.manifest import Clip


def check_identity(stores: Extracted) -> Iterator[Fault]:
    """The identity is that of the written settings; the installed libraries and the code are what it names."""
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


def check_keys(rows: Rows, stores: Extracted, raw: Path, language: str) -> Iterator[Fault]:
    """The key of every stored clip is that of its present raw file, text, segment and settings."""
    reads = extractor_facts(stores.name).reads
    hash_of = cache(content_hash)
    for clip_id, stored in sorted(stores.clips.items()):
        clip = rows.clips.get(clip_id)
        if clip is None:
            continue  # told by the accounts
        contents = _contents(clip, reads, language, hash_of(raw / clip.media) if clip.media else None)
        if stored.key != fingerprint([fingerprint(contents), stores.settings["identity"]]):
            yield Fault(
                f"features/{stores.name} {clip_id}", "made of another raw file, text or settings than there are now"
            )


def check_card(pack: Packed, extracted: Mapping[str, Extracted]) -> Iterator[Fault]:
    """The card names the identities of the stores."""
    for name, identity in pack.card["identities"].items():
        if extracted[name].settings["identity"] != identity:
            yield Fault(f"{pack.name} card", f"names another identity of {name} than its settings")


def _contents(clip: Clip, reads: tuple[str, ...], language: str, media_sha256: str | None) -> list[str]:
    parts: list[Any] = []
    if {"sound", "video"} & set(reads):
        parts.append([media_sha256, clip.start_s, clip.end_s, clip.crop])
    if "text" in reads:
        parts.append([clip.text, language])
    if "words" in reads and clip.words is not None:
        parts.append(clip.words)
    return [fingerprint(part) for part in parts]


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"
