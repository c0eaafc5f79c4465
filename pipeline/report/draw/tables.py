"""Tables of the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Cell:
    """A cell: its text, sort key, link, and whether it is the best of its column."""

    text: str
    order: float | int | str = ""
    href: str = ""
    is_best: bool = False
    is_number: bool = False


@dataclass(frozen=True)
class TableView:
    """A table with its caption.

    Attributes:
        caption: what it shows.
        header: column names.
        rows: cells; the first cell of a row names it.
        note: a sentence below the table.
        filterable: show a field that filters the rows.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    filterable: bool = False


def number(value: Any, digits: int = 3) -> str:
    """A number in short form; a dash for none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, int) or float(value).is_integer() or abs(value) >= 1000:
        return signed(f"{round(value):,}")
    return signed(f"{value:.{digits}g}")


def signed(text: str) -> str:
    """The text of a number with a true minus sign."""
    return text.replace("-", "−", 1) if text.startswith("-") else text


def cell(value: Any, digits: int = 3) -> Cell:
    """A cell of a number or a text."""
    if isinstance(value, Cell):
        return value
    if isinstance(value, str):
        return Cell(value, value.lower())
    missing = value is None or pd.isna(value)
    return Cell(number(None if missing else value, digits), "" if missing else float(value), is_number=True)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a data frame, by column."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def of_frame(
    frame: pd.DataFrame, caption: str, *, note: str = "", filterable: bool = False, digits: int = 3
) -> TableView:
    """A table of a data frame; its index is the first column."""
    header = [str(frame.index.name or ""), *map(str, frame.columns)]
    rows = [
        [cell(str(name)), *(cell(value, digits) for value in values)]
        for name, values in zip(frame.index, frame.astype(object).to_numpy(), strict=True)
    ]
    return TableView(caption, header, rows, note, filterable)


def duration(seconds: float) -> str:
    """A duration in short form."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"
