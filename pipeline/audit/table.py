"""The rows of a raw dataset, from its reader; those of a plain label table also from the csv module alone."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipeline.audit.evidence import Fault
from pipeline.config.settings import DatasetConfig
from pipeline.index.manifest import Clip, RejectedRow
from pipeline.readers._base import LabelTable
from pipeline.scanning.reading import faults_of

#: Other names for the split valid that the field uses.
_SPLITS = {"val": "valid", "dev": "valid", "validation": "valid"}


@dataclass(frozen=True)
class RawRows:
    """The rows of the raw table.

    Attributes:
        usable: rows without a fault.
        clips: rows that are clips, by id; of several rows with one id, the last.
        places: the place of every row, also of those that are no clip, by id.
    """

    usable: Sequence[Clip]
    clips: dict[str, Clip]
    places: dict[str, list[str]]

    def __len__(self) -> int:
        """The number of rows."""
        return sum(map(len, self.places.values()))


def rows_of(table: LabelTable, config: DatasetConfig) -> RawRows:
    """All rows of a table as its reader returns them."""
    places: dict[str, list[str]] = {}
    rows: list[Clip | RejectedRow] = [*table.clips, *table.faults, *table.unusable]
    for row in rows:
        places.setdefault(row.clip_id, []).append(row.where)
    faulty = {fault.where for fault in faults_of(table, config)}
    return RawRows(table.clips.without(faulty), {clip.clip_id: clip for clip in table.clips}, places)


def reread(rows: RawRows, raw: Path, options: BaseModel) -> Iterator[Fault]:
    """Compare the rows of the reader ``table`` with the file itself."""
    cells = _cells(raw, options)
    ids = Counter(f"{row['video_id']}$_${row['clip_id']}" for row in cells)
    for clip_id in sorted(ids.keys() | rows.places.keys()):
        read = len(rows.places.get(clip_id, []))
        if ids[clip_id] != read:
            yield Fault(f"table {clip_id}", f"{ids[clip_id]} rows in the file, {read} read from it")
    for row in cells:
        clip_id = f"{row['video_id']}$_${row['clip_id']}"
        if clip_id in rows.clips and ids[clip_id] == 1:
            yield from _differences(clip_id, row, rows.clips[clip_id])


def _cells(raw: Path, options: Any) -> list[dict[str, str]]:
    text = (raw / options.table).read_bytes().decode(options.encoding)
    own = {theirs: ours for ours, theirs in options.columns.items()}
    lines: Sequence[list[str]] = list(csv.reader(io.StringIO(text, newline=""), delimiter=options.delimiter))
    names = [own.get(name, name) for name in lines[0]]
    return [dict(zip(names, line + [""] * len(names), strict=False)) for line in lines[1:] if line]


def _differences(clip_id: str, row: dict[str, str], clip: Clip) -> Iterator[Fault]:
    split = row["mode"].strip().lower()
    label = row.get("label", "").strip()
    pairs = {
        "split": (_SPLITS.get(split, split), clip.split),
        "text": (row["text"].strip(), clip.text),
        "label": (float(label) if label else None, clip.sentiment),
    }
    for name, (cell, read) in pairs.items():
        if str(cell) != str(read):  # as text, so that NaN equals NaN
            yield Fault(f"table {clip_id}", f"{name} is {cell!r} in the file, {read!r} was read from it")
