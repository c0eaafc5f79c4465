"""Label tables: encoding, header, rows with their line numbers."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from pipeline.core.errors import RawDataError
from pipeline.core.untrusted import read_bounded
from pipeline.readers._base import contents_of

#: UTF-8 with or without a byte-order mark.
UTF8 = ("utf-8-sig",)
#: The largest table of the field has 4 MB.
_LARGEST_BYTES = 1 << 30
_CHUNK_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class TableFormat:
    """How a table is written.

    Attributes:
        required: columns that must be there; of a tuple, one is enough.
        columns: the table's own column names by ours, where they differ.
        encodings: tried in this order.
        delimiter: what separates the columns.
    """

    required: Sequence[str | tuple[str, ...]]
    columns: Mapping[str, str] = field(default_factory=dict)
    encodings: Sequence[str] = UTF8
    delimiter: str = ","


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        cells: cells by column.
        where: file and line, for messages.
        surplus: cells beyond those that the header names.
    """

    cells: Mapping[str, str]
    where: str
    surplus: int = 0

    def word(self, *columns: str) -> str:
        """The first of these cells that is not blank, stripped; else an empty string."""
        for name in columns:
            if cell := self.cells.get(name, "").strip():
                return cell
        return ""

    def number(self, *columns: str) -> float | None:
        """The first of these cells that is not blank, as a number.

        Raises:
            ValueError: it is not a number.
        """
        cell = self.word(*columns)
        if not cell:
            return None
        try:
            return float(cell)
        except ValueError as error:
            message = f"{columns[0]} {cell[:40]!r} is not a number; expected one, such as -1.6, or an empty cell"
            raise ValueError(message) from error


def choose_table(root: Path, names: Sequence[str]) -> Path:
    """The first of several tables that exists.

    Raises:
        RawDataError: none exists.
    """
    for name in names:
        if (root / name).is_file():
            return root / name
    raise RawDataError(f"{root}: no label table {' or '.join(names)}; {contents_of(root)}")


def read_table(root: Path, path: Path, style: TableFormat) -> Iterator[Row]:
    """Iterate over the rows of a table with a header line.

    Args:
        root: the dataset's raw folder; messages name files relative to it.
        path: the table.
        style: how it is written.

    Raises:
        RawDataError: the table is absent, empty, lacks a column, or is in none of the expected encodings.
    """
    if not path.is_file():
        raise RawDataError(f"{path}: no such label table; {contents_of(path.parent)}")
    own = {theirs: ours for ours, theirs in style.columns.items()}
    is_empty = True
    with _opened(path, style.encodings) as text:
        try:
            rows = csv.DictReader(text, delimiter=style.delimiter, strict=True)
            if not rows.fieldnames:
                raise RawDataError(f"{path}: empty; expected a header line with column names")
            rows.fieldnames = [own.get(name, name) for name in rows.fieldnames]
            _require(rows.fieldnames, path, style)
            for row in _rows(rows, path.relative_to(root)):
                is_empty = False
                yield row
        except (csv.Error, TypeError) as error:
            raise RawDataError(f"{path}: not a readable table ({error}); check its quotes and delimiter") from error
    if is_empty:
        raise RawDataError(f"{path}: no rows below the header; expected one row per clip")


def _opened(path: Path, encodings: Sequence[str]) -> TextIO:
    """A table opened as text; an error if no encoding fits."""
    if path.stat().st_size <= _LARGEST_BYTES:
        for encoding in encodings:
            if _fits(path, encoding):
                return path.open(encoding=encoding, newline="")
    return io.StringIO(decoded(path, encodings), newline="")


def _fits(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as text:
            while text.read(_CHUNK_CHARACTERS):
                pass
    except (OSError, UnicodeError, LookupError):
        return False
    return True


def decoded(path: Path, encodings: Sequence[str]) -> str:
    """A file's text in the first encoding that fits.

    Raises:
        RawDataError: none fits.
    """
    try:
        content = read_bounded(path, limit_bytes=_LARGEST_BYTES)
    except OSError as error:
        raise RawDataError(f"{path}: cannot be read ({error.strerror}); check that it is the label table") from error
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            place = error.start
        except LookupError as error:
            raise RawDataError(f"{path}: encoding {encoding!r} is unknown; set options.encoding") from error
    raise RawDataError(
        f"{path}: byte {place} is not {' or '.join(encodings)}; set options.encoding, such as gb18030 or cp1252"
    )


def _rows(rows: csv.DictReader, where: Path) -> Iterator[Row]:
    for row in rows:
        cells = {name: value or "" for name, value in row.items() if isinstance(name, str)}
        # DictReader keeps what the header does not name under None.
        yield Row(cells, f"{where} line {rows.line_num}", surplus=len(row.get(None, [])))


def _require(header: Sequence[str], path: Path, style: TableFormat) -> None:
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise RawDataError(f"{path}: column {', '.join(twice)} appears twice; keep one of each")
    groups = [(names,) if isinstance(names, str) else names for names in style.required]
    missing = [
        " or ".join(style.columns.get(name, name) for name in names) for names in groups if not set(names) & set(header)
    ]
    if missing:
        shown = ", ".join(style.columns.get(name, name) for name in header)
        raise RawDataError(
            f"{path}: no column {', '.join(missing)}; there are {shown}; name yours under options.columns"
        )
