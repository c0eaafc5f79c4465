"""``labels.csv``: the universal labels of a union, one row per utterance."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from models.layers.universal_label import UniversalLabel, polarity_of
from pipeline.core.atomic_write import write_if_changed
from pipeline.core.errors import StoreError
from pipeline.labels.assignment import FIELDS, LabelField, Labelled

#: Columns of each field besides its value.
_ABOUT = ("source", "donor", "similarity", "margin")
COLUMNS = ("dataset", "split", "id", "polarity", *FIELDS, *(f"{name}_{what}" for name in FIELDS for what in _ABOUT))


def write_labels(path: Path, labelled: Iterable[Labelled]) -> None:
    """Write the table; rows keep their order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(item) for item in labelled)
    write_if_changed(path, text.getvalue().encode())


def read_labels(path: Path) -> dict[tuple[str, str, str], UniversalLabel]:
    """Labels by dataset, split and id.

    Raises:
        StoreError: the table is absent or damaged.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {(row["dataset"], row["split"], row["id"]): _label(row) for row in csv.DictReader(file)}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: not a table of universal labels ({error}); run snakemake labels again") from error


def _cells(item: Labelled) -> list[str]:
    row = item.row
    values = [_value(item.fields[name].value) for name in FIELDS]
    about = [cell for name in FIELDS for cell in _about(item.fields[name])]
    return [row.dataset, row.split, row.clip_id, row.polarity, *values, *about]


def _value(value: int | str | None) -> str:
    if isinstance(value, int):
        return f"{value / 10:.1f}"
    return value or ""


def _about(field: LabelField) -> list[str]:
    numbers = ("" if number is None else f"{number:.6f}" for number in (field.similarity, field.margin))
    return [field.origin, field.donor.key if field.donor else "", *numbers]


def _label(row: dict[str, str]) -> UniversalLabel:
    intensity, meld, iemocap = (row[name] for name in FIELDS)
    tenths = round(float(intensity) * 10) if intensity else None
    polarity = polarity_of({"negative": -1, "neutral": 0, "positive": 1}[row["polarity"]])
    return UniversalLabel(polarity, tenths, meld or None, iemocap or None)
