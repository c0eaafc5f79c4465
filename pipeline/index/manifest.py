"""A clip as a row: its fields, their checks, the shard it belongs to, and the manifests that list it."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipeline.core.errors import StoreError
from pipeline.core.fingerprints import canonical
from pipeline.core.types import SPLITS, Seconds

#: Fewest clips per manifest on average, in a dataset of several manifests.
MANIFEST_CLIPS = 32
_MAX_SHARDS = 4096
_FORBIDDEN_IN_ID = re.compile(r"[\x00-\x1f\x7f/\\]")

#: A word, its start and its end in seconds of the clip, as a dataset gives them.
GivenWord = tuple[str, Seconds, Seconds]


@dataclass(frozen=True, slots=True)
class Clip:
    """One row of a label table.

    Attributes:
        video_id: the recording that the clip was cut from.
        part_id: the clip's own id within the recording.
        split: train, valid or test.
        text: the transcript as it is in the table; may be blank.
        media: the clip's file relative to the dataset's raw folder; None where there is none.
        where: file and row, for messages.
        start_s: start within the file, None for a file that is the clip.
        end_s: end within the file, half-open.
        crop: x, y, width, height of the speaker as fractions of the picture.
        sentiment: the label, None for a dataset of emotions.
        sentiment_text: the label given to the text alone; likewise audio and vision.
        sentiment_audio: the label given to the sound alone.
        sentiment_vision: the label given to the picture alone.
        annotation: the label's name.
        emotion: class of emotion.
        polarity: negative, neutral or positive where the dataset states it.
        speaker: name of the speaker.
        dialogue: the conversation that the clip is a turn of.
        turn: position within the conversation.
        words: word timings that come with the dataset; None where it gives none.
    """

    video_id: str
    part_id: str
    split: str
    text: str
    media: str | None
    where: str
    start_s: Seconds | None = None
    end_s: Seconds | None = None
    crop: tuple[float, float, float, float] | None = None
    sentiment: float | None = None
    sentiment_text: float | None = None
    sentiment_audio: float | None = None
    sentiment_vision: float | None = None
    annotation: str = ""
    emotion: str | None = None
    polarity: str | None = None
    speaker: str | None = None
    dialogue: str | None = None
    turn: int | None = None
    words: tuple[GivenWord, ...] | None = None

    @property
    def clip_id(self) -> str:
        """The id used by the whole field: ``video$_$clip``."""
        return f"{self.video_id}$_${self.part_id}"


#: Fields that no extractor reads; those that extractors read are in manifests of their own.
_LABEL_FIELDS = tuple(
    field.name
    for field in fields(Clip)
    if field.name not in ("media", "start_s", "end_s", "crop", "text", "part_id", "words")
)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a label table that cannot be used as a clip."""

    clip_id: str
    where: str
    reason: str


def row_faults(clip: Clip, label_range: tuple[float, float]) -> list[str]:
    """What is wrong with a row, without looking at other rows."""
    low, high = label_range
    faults = [fault for part in (clip.video_id, clip.part_id) if (fault := id_fault(part))]
    if clip.split not in SPLITS:
        faults.append(f"split {clip.split!r}; expected one of {', '.join(SPLITS)}")
    if clip.sentiment is None and not clip.emotion:
        faults.append("neither a label nor an emotion; expected a number or a class")
    if "\0" in clip.text:
        faults.append("the text contains a NUL character, which no file format can store; remove it")
    if not _is_writable(clip):
        faults.append("a text or word contains half of a surrogate pair, which UTF-8 cannot write; correct its escapes")
    if not _is_segment(clip):
        faults.append(f"segment {clip.start_s} s to {clip.end_s} s is empty or negative; expected 0 <= start < end")
    for name in ("sentiment", "sentiment_text", "sentiment_audio", "sentiment_vision"):
        value = getattr(clip, name)
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            faults.append(f"{name} {value}; expected {low:g} to {high:g}")
    return faults


def _is_writable(clip: Clip) -> bool:
    words = (word for word, _, _ in clip.words or ())
    try:
        "".join([clip.text, clip.annotation, clip.emotion or "", clip.speaker or "", *words]).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_segment(clip: Clip) -> bool:
    start_s, end_s = clip.start_s or 0.0, math.inf if clip.end_s is None else clip.end_s
    return 0 <= start_s < end_s


def id_fault(part: str) -> str | None:
    """Why a string cannot be part of a clip's id, or None; ids become names of files and HDF5 groups."""
    if not part or part != part.strip():
        return f"id {part!r} is empty or has blanks around it; expected a plain name"
    if _FORBIDDEN_IN_ID.search(part) or part in (".", "..") or len(part.encode()) > 200:
        return f"id {part[:60]!r} could lead out of its folder; expected a name without / \\ .. or control characters"
    return None


def manifest_clips(num_clips: int) -> int:
    """Clips per manifest in a dataset of this size: a power of two that grows with its square root.

    Planning costs about 2 ms a job, so jobs must grow more slowly than clips: 64 manifests for 2,000 clips, 256 for
    20,000, 1,024 for a million.
    """
    clips = MANIFEST_CLIPS
    while num_clips > 2 * clips**2:
        clips *= 2
    return clips


def num_manifests(num_clips: int) -> int:
    """The number of manifests for a dataset of this size: a power of two, so that counts nest."""
    manifests = 1
    while num_clips > manifests * manifest_clips(num_clips) and manifests < _MAX_SHARDS:
        manifests *= 2
    return manifests


def shard_name(index: int) -> str:
    """Three hexadecimal digits."""
    return f"{index:03x}"


def shard_of(clip_id: str, shards: int) -> int:
    """The shard of a clip: it depends on its id alone, so a new clip moves no other."""
    return int.from_bytes(sha256(clip_id.encode()).digest()[-4:], "big") % shards


def manifests_of(shard: int, shards: int, manifests: int) -> list[int]:
    """The manifests whose clips belong to one of an extractor's (fewer) shards."""
    return list(range(shard, manifests, shards))


def media_row(clip: Clip, content_sha256: str | None, fault: str | None = None) -> dict[str, Any]:
    """What audio and vision extractors read; ``sha256`` is None for a file that is absent or must not be read."""
    return {
        **({"fault": fault} if fault else {}),
        "clip_id": clip.clip_id,
        "media": clip.media,
        "sha256": content_sha256,
        "start_s": clip.start_s,
        "end_s": clip.end_s,
        "crop": clip.crop,
    }


def text_row(clip: Clip, language: str) -> dict[str, Any]:
    """What text extractors read."""
    return {"clip_id": clip.clip_id, "text": clip.text, "language": language}


def words_row(clip: Clip) -> dict[str, Any]:
    """What extractors of given word timings read."""
    return {"clip_id": clip.clip_id, "words": clip.words}


def label_row(clip: Clip) -> dict[str, Any]:
    """What only packs and label steps read."""
    return {"clip_id": clip.clip_id, **{name: getattr(clip, name) for name in _LABEL_FIELDS}}


def quarantine_row(dataset: str, rejected: Mapping[str, Any]) -> dict[str, Any]:
    """A rejected row of the label table, as a row of the quarantine."""
    return {
        "dataset": dataset,
        "clip_id": rejected["clip_id"],
        "extractor": "",
        "modality": "table",
        "stage": "scan",
        "kind": "RawDataError",
        "reason": f"{rejected['where']}: {rejected['reason']}",
    }


def to_jsonl(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """JSON lines with sorted keys."""
    return "".join(canonical(dict(row)) + "\n" for row in rows).encode()


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines.

    Raises:
        StoreError: the file is absent or damaged; says the line.
    """
    rows = []
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                rows.append(_json_row(line))  # noqa: PERF401 - the number of rows read gives the faulty line
    except (OSError, RecursionError, ValueError) as error:
        where = f"{path}, line {len(rows) + 1}" if not isinstance(error, OSError) else str(path)
        raise StoreError(f"{where}: not readable JSON lines ({error}); delete the file and run again") from error
    return rows


def _json_row(line: str) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict):
        message = f"a {type(row).__name__}; expected an object"
        raise ValueError(message)
    return row
