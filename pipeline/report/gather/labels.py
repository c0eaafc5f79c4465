"""Universal labels, where a union of datasets has them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.report.gather.models import read_csv
from pipeline.report.gather.sources import read_json


@dataclass(frozen=True)
class LabelFacts:
    """The universal labels of one union.

    Attributes:
        name: the union.
        labels: one row per clip.
        facts: whatever was written beside them, by the file's name.
        tables: further tables, by the file's name.
    """

    name: str
    labels: pd.DataFrame
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def gather_labels(processed: Path) -> list[LabelFacts]:
    """All universal labels under ``processed/``."""
    found = sorted({*processed.glob("*/universal/labels.csv"), *processed.glob("universal/*/labels.csv")})
    return [_read(path.parent, processed) for path in found]


def _read(folder: Path, processed: Path) -> LabelFacts:
    name = next(part for part in folder.relative_to(processed).parts if part != "universal")
    tables = {path.stem: read_csv(path) for path in sorted(folder.glob("*.csv")) if path.stem != "labels"}
    facts = {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}
    return LabelFacts(name, read_csv(folder / "labels.csv"), facts, tables)
