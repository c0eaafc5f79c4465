"""What commands print: tables and marked lines, in colour on a terminal only and never where NO_COLOR is set."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Level = Literal["error", "warning", "ok"]

_STYLES: dict[Level, str] = {"error": "bold red", "warning": "yellow", "ok": "green"}
#: Where the output is no terminal, lines are as wide as a wide one.
_FILE_COLUMNS = 120


def counted(count: int, noun: str) -> str:
    """A count with its noun: ``1 clip``, ``1,200 clips``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], levels: Sequence[Level] = ()
) -> None:
    """Print a table.

    Args:
        title: above it.
        columns: its header.
        rows: cells.
        levels: one per row, to colour the rows.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for index, row in enumerate(rows):
        table.add_row(*[Text(cell) for cell in row], style=_STYLES[levels[index]] if levels else None)
    _console().print(table)


def print_line(text: str, level: Level | None = None) -> None:
    """Print a line whole, however long; its beginning up to the first colon is coloured by its level."""
    from rich.text import Text

    line = Text(text)
    if level:
        line.stylize(_STYLES[level], 0, text.find(":") if ":" in text else len(text))
    _console().print(line, soft_wrap=True)


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps(content, indent=1, ensure_ascii=False))


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_COLUMNS)
