"""Reads the common layout: one label table with a row per clip, and a file per clip or per recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from pipeline.core.errors import RawDataError
from pipeline.index.manifest import Clip, GivenWord, RejectedRow, id_fault
from pipeline.readers._base import LabelTable, ReaderOptions
from pipeline.readers._clips import ClipList
from pipeline.readers._files import FileFinder, Located, WordFiles
from pipeline.readers._tables import Row, TableFormat, read_table
from pipeline.readers._transcripts import TranscriptFolder, TranscriptLine
from pipeline.words.formats import parse_json

#: Columns that a label table must have.
REQUIRED: tuple[str | tuple[str, ...], ...] = ("video_id", "clip_id", "text", "mode", ("label", "emotion"))

_NUMBERS = {
    "sentiment": "label",
    "sentiment_text": "label_T",
    "sentiment_audio": "label_A",
    "sentiment_vision": "label_V",
}
_WORDS = ("annotation", "emotion", "speaker")
#: CMU-MOSEI has segments that start up to this much before their video; they are made to start with it.
_EARLY_S = 1.0
_SPLITS = {"val": "valid", "dev": "valid", "validation": "valid"}


class LabelledOptions(ReaderOptions):
    """Options that all readers of label tables have."""

    columns: dict[str, str] = {}
    """The table's own column names, where they differ: ``{text: Utterance}``."""
    words: str | None = Field(default=None, examples=["Words/{video_id}/{clip_id}"])
    """Files of word timings without their extension (.TextGrid, .ctm, .json, .srt, .vtt); a column ``words`` with
    JSON works too."""


@dataclass(frozen=True)
class TableLayout:
    """Where a dataset's rows, media, words and transcripts are.

    Attributes:
        root: the dataset's raw folder.
        table: the label table.
        style: how it is written.
        media: patterns of media files, tried in this order; one without ``{clip_id}`` names the whole recording.
        words: pattern of word-time files.
        transcripts: files with the texts or times that the table lacks.
    """

    root: Path
    table: Path
    style: TableFormat
    media: Sequence[str]
    words: str | None = None
    transcripts: TranscriptFolder | None = None


class _UnusableError(Exception):
    """The row lacks something that the published dataset lacks for some rows."""


def read_labelled(layout: TableLayout) -> LabelTable:
    """Read the table and find each row's files.

    Raises:
        RawDataError: the table or one of its columns is missing.
    """
    finder, words = FileFinder(layout.root), WordFiles(layout.root, layout.words)
    table = LabelTable(ClipList(), [layout.table])
    for row in read_table(layout.root, layout.table, layout.style):
        clip_id = f"{row.cells['video_id']}$_${row.cells['clip_id']}"
        try:
            table.clips.append(_clip(row, layout, finder, words))
        except _UnusableError as reason:
            table.unusable.append(RejectedRow(clip_id, row.where, str(reason)))
        except (ValueError, RecursionError, RawDataError) as error:
            table.faults.append(RejectedRow(clip_id, row.where, str(error)))
    return _with_neighbours(table, words, layout.transcripts)


def _with_neighbours(table: LabelTable, words: WordFiles, transcripts: TranscriptFolder | None) -> LabelTable:
    """The table, with the files of word timings and transcripts that were read or are missing."""
    sources, missing, notes = [*table.sources, *words.sources], words.missing, []
    if words.missing:
        notes.append(f"clips without a file of word timings {words.pattern}.*: {words.missing}")
    if transcripts:
        sources, missing = [*sources, *transcripts.sources], missing + len(transcripts.missing)
    if transcripts and transcripts.missing:
        example = f"{transcripts.folder.name}/{transcripts.missing[0]}{transcripts.suffix}"
        notes.append(f"recordings without a transcript file: {len(transcripts.missing)}, such as {example}")
    return LabelTable(table.clips, sources, table.faults, table.unusable, missing, notes)


def _clip(row: Row, layout: TableLayout, finder: FileFinder, words: WordFiles) -> Clip:
    """One clip. Raises ValueError with the reason if a cell is not what it should be."""
    if row.surplus:
        message = f"{row.surplus} cells more than the header names; put quotes around cells that contain the delimiter"
        raise ValueError(message)
    video_id, clip_id, split = row.cells["video_id"], row.cells["clip_id"], row.word("mode").lower()
    is_safe = not (
        id_fault(video_id) or id_fault(clip_id)
    )  # never build a path from an unsafe id; `faulty_rows` reports it
    line = layout.transcripts.line(video_id, clip_id) if layout.transcripts and is_safe else None
    located = finder.locate(layout.media, video_id, clip_id) if is_safe else None
    optional: dict[str, Any] = {ours: row.number(theirs) for ours, theirs in _NUMBERS.items()}
    optional |= {name: row.word(name) for name in _WORDS if row.word(name)}
    start_s, end_s = _times(row, line, located)
    return Clip(
        video_id=video_id,
        part_id=clip_id,
        split=_SPLITS.get(split, split),
        text=row.word("text") or (line.text if line else ""),
        media=located.media if located else None,
        where=row.where,
        words=_words(row, words) if is_safe else None,
        start_s=start_s,
        end_s=end_s,
        **optional,
    )


def _times(row: Row, line: TranscriptLine | None, located: Located | None) -> tuple[float | None, float | None]:
    start_s, end_s = row.number("start_s", "start"), row.number("end_s", "end")
    if located is None:
        return start_s, end_s
    if not located.is_whole:
        return None, None  # the file is the clip; the times say where it was cut from
    if (start_s is None or end_s is None) and line:
        start_s, end_s = line.start_s, line.end_s
    if start_s is None or end_s is None:
        raise _UnusableError(
            f"no start or end time, and {located.media} is the whole recording; give both times in seconds"
        )
    return (0.0 if -_EARLY_S < start_s < 0 else start_s), end_s


def _words(row: Row, files: WordFiles) -> tuple[GivenWord, ...] | None:
    if cell := row.word("words"):
        return tuple((word.word, word.start_s, word.end_s) for word in parse_json(cell))
    return files.words(row.cells["video_id"], row.cells["clip_id"])
