"""What a job does with each clip of its shard: what to read, and how it ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.extraction.identity import clip_key
from pipeline.features import Features
from pipeline.manifest import media_content, text_content
from pipeline.media.span import MediaSpan
from pipeline.provenance import digest


@dataclass(frozen=True)
class Task:
    """One clip to extract.

    Attributes:
        clip_id: the clip.
        key: what its features are stored under.
        media: the clip's stretch of its file; None for an extractor that reads text alone.
        media_fault: why there is no media although the extractor reads it.
        text: the transcript; None for an extractor that reads media alone.
        language: language of the transcript.
    """

    clip_id: str
    key: str
    media: MediaSpan | None = None
    media_fault: str | None = None
    text: str | None = None
    language: str = "en"


@dataclass(frozen=True)
class Failure:
    """Why a clip has no features.

    Attributes:
        clip_id: the clip.
        stage: decode, extract, validate or crash.
        kind: the error's class.
        reason: the error's message.
    """

    clip_id: str
    stage: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Success:
    """The features of a clip."""

    clip_id: str
    features: Features


Outcome = Success | Failure


def make_tasks(
    *,
    media_rows: Iterable[Mapping[str, Any]],
    text_rows: Iterable[Mapping[str, Any]],
    reads: Sequence[str],
    raw: Path,
    identity: str,
) -> list[Task]:
    """Join the manifests an extractor reads into one task per clip, sorted by clip id.

    Args:
        media_rows: rows of the media manifests; ignored unless the extractor reads sound or video.
        text_rows: rows of the text manifests; ignored unless the extractor reads text.
        reads: the extractor's ``READS``.
        raw: the dataset's raw folder.
        identity: the extractor's identity.
    """
    media = {row["clip_id"]: row for row in media_rows} if set(reads) & {"sound", "video"} else {}
    texts = {row["clip_id"]: row for row in text_rows} if "text" in reads else {}
    return [
        _make_task(clip_id, media.get(clip_id), texts.get(clip_id), raw, identity)
        for clip_id in sorted(media.keys() | texts.keys())
    ]


def _make_task(
    clip_id: str, media: Mapping[str, Any] | None, text: Mapping[str, Any] | None, raw: Path, identity: str
) -> Task:
    contents = [media_content(media)] if media else []
    contents += [text_content(text)] if text else []
    task: dict[str, Any] = {"clip_id": clip_id, "key": clip_key(digest(contents), identity)}
    if media:
        if media["sha256"] is None:
            task["media_fault"] = f"{media['media'] or 'no media file'}: not in the raw folder"
        else:
            crop = tuple(media["crop"]) if media["crop"] else None
            task["media"] = MediaSpan(raw / media["media"], media["start_s"], media["end_s"], crop)
    if text:
        task |= {"text": text["text"], "language": text["language"]}
    return Task(**task)


def failure_row(failure: Failure, *, dataset: str, extractor: str, modality: str) -> dict[str, Any]:
    """A line of the quarantine."""
    return {"dataset": dataset, "extractor": extractor, "modality": modality, **asdict(failure)}
