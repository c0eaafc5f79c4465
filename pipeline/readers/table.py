"""One label table and a file per clip: MMSA's raw layout, in any container.

``label.csv`` with the columns video_id, clip_id, text, label, label_T, label_A, label_V, annotation, mode, and
``Raw/<video_id>/<clip_id>.<any media extension>``. Ids are text: leading zeros and dashes survive.
"""

from pathlib import Path
from typing import Any

from pipeline.errors import RawDataError
from pipeline.manifest import Clip, Rejected, id_fault
from pipeline.readers._base import MediaFinder, ReaderOptions, Table, read_rows

VERSION = 1
PROVIDES = "clips"

_REQUIRED = ("video_id", "clip_id", "text", "mode")
_NUMBERS = {
    "label": "sentiment",
    "label_T": "sentiment_text",
    "label_A": "sentiment_audio",
    "label_V": "sentiment_vision",
    "start_s": "start_s",
    "end_s": "end_s",
}
_WORDS = {"annotation": "annotation", "emotion": "emotion", "speaker": "speaker"}
_SPLITS = {"val": "valid", "dev": "valid", "validation": "valid"}


class Options(ReaderOptions):
    """Options of the reader ``table``."""

    table: str = "label.csv"
    """The label table, relative to the dataset's raw folder."""
    media: str = "Raw/{video_id}/{clip_id}"
    """The clip's file without its extension; ``{video_id}`` and ``{clip_id}`` are filled in."""
    columns: dict[str, str] = {}
    """The table's own column names, where they differ: ``{text: Utterance}``."""
    encoding: str = "utf-8-sig"
    """Encoding of the table; a byte-order mark is accepted."""
    delimiter: str = ","
    """What separates the columns."""


def read(root: Path, options: Options) -> Table:
    """Read the table and find each row's file.

    Args:
        root: the dataset's raw folder.
        options: names of table, columns and files.

    Raises:
        RawDataError: the table or one of its columns is missing.
    """
    path = root / options.table
    finder = MediaFinder(root)
    clips: list[Clip] = []
    faults: list[Rejected] = []
    for line, raw_row in read_rows(path, encoding=options.encoding, delimiter=options.delimiter):
        row = _renamed(raw_row, options, path)
        try:
            clips.append(_clip(row, f"{options.table} line {line}", finder, options.media))
        except ValueError as error:
            clip_id = f"{row['video_id']}$_${row['clip_id']}"
            faults.append(Rejected(clip_id, f"{options.table} line {line}", str(error)))
    if not clips and not faults:
        raise RawDataError(f"{path}: no rows below the header; expected one row per clip")
    return Table(clips, [path], faults)


def _renamed(row: dict[str, str], options: Options, path: Path) -> dict[str, str]:
    canonical = {own: name for name, own in options.columns.items()}
    renamed = {canonical.get(own, own): value for own, value in row.items()}
    missing = [options.columns.get(name, name) for name in _REQUIRED if name not in renamed]
    if not {"label", "emotion"} & renamed.keys():
        missing.append(options.columns.get("label", "label"))
    if missing:
        raise RawDataError(
            f"{path}: no column {', '.join(missing)}; found {', '.join(row)}; name yours under options.columns"
        )
    return renamed


def _clip(row: dict[str, str], where: str, finder: MediaFinder, pattern: str) -> Clip:
    """One clip. Raises ValueError with the reason if a cell is not what it should be."""
    split = row["mode"].strip().lower()
    optional: dict[str, Any] = {field: _number(column, row.get(column, "")) for column, field in _NUMBERS.items()}
    optional |= {field: row[column].strip() for column, field in _WORDS.items() if row.get(column, "").strip()}
    return Clip(
        video_id=row["video_id"],
        part_id=row["clip_id"],
        split=_SPLITS.get(split, split),
        text=row["text"].strip(),
        media=_media(row, finder, pattern),
        where=where,
        **optional,
    )


def _media(row: dict[str, str], finder: MediaFinder, pattern: str) -> str | None:
    if id_fault(row["video_id"]) or id_fault(row["clip_id"]):
        return None  # never build a path from such an id; the row is reported with all other faults
    stem = pattern.format(video_id=row["video_id"], clip_id=row["clip_id"])
    files = finder.find(stem)
    if len(files) > 1:
        message = f"{len(files)} files for one clip ({', '.join(files)}); expected one, remove the others"
        raise ValueError(message)
    return files[0] if files else f"{stem}.*"


def _number(column: str, cell: str) -> float | None:
    if not cell.strip():
        return None
    try:
        return float(cell)
    except ValueError as error:
        message = f"{column} {cell[:40]!r} is not a number; expected one, such as -1.6, or an empty cell"
        raise ValueError(message) from error
