"""The clips of an extraction job: what to read of each, and the outcome."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.core.errors import MediaError
from pipeline.corruptions.levels import Corruption
from pipeline.extraction.keys import ManifestRow, clip_key
from pipeline.features.features import Features
from pipeline.media.span import MediaSpan
from pipeline.words.timed import TimedWord


@dataclass(frozen=True)
class Task:
    """One clip to extract.

    Attributes:
        clip_id: the clip.
        key: see `clip_key`.
        media: the clip's stretch of its file; None for an extractor that reads text alone.
        media_fault: why there is no media although the extractor reads it.
        text: the transcript; None for an extractor that reads media alone.
        language: language of the transcript.
        given_words: word timings that come with the dataset, for an extractor that reads them.
        before: turns of the conversation before the clip, for an extractor that reads them.
        after: turns after it.
        corruption: what is done to the decoded media before extraction.
    """

    clip_id: str
    key: str
    media: MediaSpan | None = None
    media_fault: str | None = None
    text: str | None = None
    language: str = "en"
    given_words: tuple[TimedWord, ...] | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    corruption: Corruption | None = None


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
    media_rows: Iterable[ManifestRow],
    text_rows: Iterable[ManifestRow],
    words_rows: Iterable[ManifestRow] = (),
    reads: Sequence[str],
    raw: Path,
    identity: str,
) -> list[Task]:
    """Join the manifests an extractor reads into one task per clip, sorted by clip id.

    Args:
        media_rows: rows of the media manifests; ignored unless the extractor reads sound or video.
        text_rows: rows of the text manifests; ignored unless the extractor reads text.
        words_rows: rows of the words manifests, which hold only clips with given word timings; ignored unless the
            extractor reads words. Such an extractor reads text too, so that every clip is accounted for.
        reads: the extractor's ``READS``.
        raw: the dataset's raw folder.
        identity: the extractor's identity.
    """
    media = {row["clip_id"]: row for row in media_rows} if set(reads) & {"sound", "video"} else {}
    texts = {row["clip_id"]: row for row in text_rows} if "text" in reads else {}
    if "context" not in reads:
        texts = {clip_id: {**row, "context": None} for clip_id, row in texts.items()}
    words = {row["clip_id"]: row for row in words_rows} if "words" in reads else {}
    return [
        _make_task(clip_id, (media.get(clip_id), texts.get(clip_id), words.get(clip_id)), raw, identity)
        for clip_id in sorted(media.keys() | texts.keys())
    ]


def _make_task(
    clip_id: str, rows: tuple[ManifestRow | None, ManifestRow | None, ManifestRow | None], raw: Path, identity: str
) -> Task:
    media, text, words = rows
    task: dict[str, Any] = {
        "clip_id": clip_id,
        "key": clip_key(identity, media=media, text=text, words=words),
    }
    if media:
        task |= _media(media, raw)
    if text:
        around = text.get("context") or {"before": [], "after": []}
        task |= {"text": text["text"], "language": text["language"]}
        task |= {side: tuple(turns) for side, turns in around.items()}
    if words:
        task["given_words"] = tuple(TimedWord(*word) for word in words["words"])
    return Task(**task)


def _media(row: ManifestRow, raw: Path) -> dict[str, Any]:
    if row["sha256"] is None:
        return {"media_fault": row.get("fault") or f"{row['media'] or 'no media file'}: not in the raw folder"}
    try:
        return {"media": MediaSpan(raw / row["media"], row["start_s"], row["end_s"], _crop(row))}
    except MediaError as error:
        return {"media_fault": str(error)}


def _crop(row: ManifestRow) -> tuple[float, float, float, float] | None:
    return tuple(row["crop"]) if row["crop"] else None


def failure_row(failure: Failure, *, dataset: str, extractor: str, modality: str) -> dict[str, Any]:
    """A line of the quarantine."""
    return {"dataset": dataset, "extractor": extractor, "modality": modality, **asdict(failure)}
