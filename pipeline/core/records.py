"""JSON objects and CSV tables that one job writes and another reads."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        StoreError: the file is absent or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: not readable JSON ({error}); delete it and run again") from error


def read_csv(path: Path) -> "pd.DataFrame":
    """Read a table; ids are text, and only an empty cell is a missing value. An absent file is an empty table.

    Raises:
        StoreError: the file is damaged.
    """
    import pandas as pd

    if not path.is_file():
        return pd.DataFrame()
    try:
        return pd.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: not a readable table ({error}); delete it and run again") from error


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Write rows atomically.

    Args:
        path: the file.
        rows: values by column; an absent value becomes an empty cell.
        columns: their order; those of the first row by default.
    """
    with atomic_path(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0] if columns is None else columns), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
