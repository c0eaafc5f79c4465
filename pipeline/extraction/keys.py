"""The key that a clip's features are stored under: it changes exactly when they must be computed again."""

from collections.abc import Mapping
from typing import Any

from pipeline.core.fingerprints import digest

ManifestRow = Mapping[str, Any]


def clip_key(identity: str, *, media: ManifestRow | None, text: ManifestRow | None, words: ManifestRow | None) -> str:
    """Fingerprint of what an extractor reads of a clip, and of the extractor.

    Args:
        identity: fingerprint of the extractor's settings, weights and libraries.
        media: the clip's row of the media manifest; None if the extractor reads no media.
        text: its row of the text manifest, with ``context`` if the extractor reads that.
        words: its row of the words manifest.
    """
    parts: list[Any] = []
    if media:
        parts.append([media["sha256"], media["start_s"], media["end_s"], media["crop"]])
    if text:
        parts.append([text["text"], text["language"]])
    if text and text.get("context"):
        parts.append(text["context"])
    if words:
        parts.append(words["words"])
    return digest([digest([digest(part) for part in parts]), identity])
