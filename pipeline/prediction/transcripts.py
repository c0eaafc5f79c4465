"""Words of videos: from a text file, word timings, a table of several videos, or a file next to the video."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.core.errors import RawDataError
from pipeline.prediction.clips import NewClip
from pipeline.words.formats import PARSERS, read_words

_TABLES = {".csv": ",", ".tsv": "\t"}
#: Looked for next to a video, in this order; not .json, which is often something else.
_NEIGHBOURS = (".txt", ".TextGrid", ".textgrid", ".ctm", ".srt", ".vtt")
_EXPECTED = f"expected .txt, a table {' or '.join(_TABLES)}, or word timings {', '.join(PARSERS)}"


def read_transcript(clip: Path, path: Path) -> NewClip:
    """One video with the words of a file.

    Args:
        clip: the video.
        path: ``.txt``, or a file of word timings; its words joined by spaces are the text.

    Raises:
        RawDataError: the file is absent, of an unknown kind, or has no words.
    """
    if path.suffix.lower() == ".txt":
        text, words = " ".join(_decoded(path).split()), None
    elif path.suffix.lower() in PARSERS:
        _require(path)
        words = tuple(read_words(path))
        text = " ".join(word.word for word in words)
    else:
        raise RawDataError(f"{path}: unknown kind of transcript; {_EXPECTED}")
    if not text:
        raise RawDataError(f"{path}: no words in this file; write the transcript, or omit the file")
    return NewClip(clip, text, path.name, words)


def is_table(path: Path) -> bool:
    """Whether a transcript is a table of several videos."""
    return path.suffix.lower() in _TABLES


def from_neighbour(clip: Path) -> NewClip:
    """One video with the words of a file of the same name next to it, if there is one."""
    neighbour = next((clip.with_suffix(suffix) for suffix in _NEIGHBOURS if clip.with_suffix(suffix).is_file()), None)
    return read_transcript(clip, neighbour) if neighbour else NewClip(clip)


def from_table(clips: Sequence[Path], path: Path) -> list[NewClip]:
    """Videos with the words of a table.

    Args:
        clips: the videos; one without a row, or with an empty cell, has no text.
        path: columns ``video`` (a file's name or path, with or without extension) and ``text``; or, as in label
            tables, ``video_id``, ``clip_id`` and ``text`` for files ``<video_id>/<clip_id>.*``.

    Raises:
        RawDataError: the table lacks these columns, names none of the videos, or one of them twice.
    """
    rows: dict[str, str] = {}
    for line, name, text in _rows(path):
        if name in rows:
            raise RawDataError(f"{path} line {line}: {name} occurs twice; expected one row per video")
        rows[name] = text
    named = {clip: [name for name in _names(clip) if name in rows] for clip in clips}
    _refuse_unclear(named, path)
    texts = {clip: rows[names[0]].strip() if names else "" for clip, names in named.items()}
    return [NewClip(clip, text, path.name) if (text := texts[clip]) else NewClip(clip) for clip in clips]


def _names(clip: Path) -> list[str]:
    """Names that a table may use for a file, the most specific first."""
    paths = [clip.as_posix(), f"{clip.parent.name}/{clip.name}", clip.name]
    return list(dict.fromkeys(name for path in paths for name in (path, path.removesuffix(clip.suffix))))


def _refuse_unclear(named: Mapping[Path, Sequence[str]], path: Path) -> None:
    if not any(named.values()):
        raise RawDataError(f"{path}: names none of the {len(named)} videos; expected file names in its column video")
    owners: dict[str, Path] = {}
    for clip, names in named.items():
        if names and names[0] in owners:
            raise RawDataError(f"{path}: {names[0]} could be {owners[names[0]]} or {clip}; write its folder too")
        owners |= {names[0]: clip} if names else {}


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, name and text of each row."""
    table = csv.DictReader(io.StringIO(_decoded(path), newline=""), delimiter=_TABLES[path.suffix.lower()])
    columns = set(table.fieldnames or ())
    if "text" not in columns or not ({"video"} <= columns or {"video_id", "clip_id"} <= columns):
        names = ", ".join(sorted(columns)) or "nothing"
        raise RawDataError(f"{path}: columns {names}; expected video and text, or video_id, clip_id and text")
    for row in table:
        name = row["video"] if "video" in columns else f"{row['video_id']}/{row['clip_id']}"
        yield table.line_num, (name or "").strip(), row["text"] or ""


def _decoded(path: Path) -> str:
    _require(path)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RawDataError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _require(path: Path) -> None:
    if not path.is_file():
        raise RawDataError(f"{path}: no such transcript; {_EXPECTED}")
