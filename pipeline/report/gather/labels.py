"""Universal labels of unions of datasets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pipeline.core.records import read_csv


@dataclass(frozen=True)
class LabelFacts:
    """The universal labels of one union.

    Attributes:
        name: the union.
        labels: one row per utterance, as docs/formats.md describes ``labels.csv``.
        tables: other tables, such as ``quality``, by the file's name.
    """

    name: str
    labels: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def known_fields(self) -> list[str]:
        """Fields with a source of their values."""
        return [str(name).removesuffix("_source") for name in self.labels.columns if str(name).endswith("_source")]

    @property
    def fields(self) -> list[str]:
        """Fields that some rows borrowed."""
        return [name for name in self.known_fields if len(self.borrowed(name))]

    def borrowed(self, name: str) -> pd.DataFrame:
        """Rows that borrowed a field from another row."""
        return self.labels[self.labels[f"{name}_source"] == "borrowed"]

    def gold(self, name: str) -> pd.DataFrame:
        """Train rows with a gold value of a field: the possible donors."""
        return self.labels[(self.labels[f"{name}_source"] == "gold") & (self.labels["split"] == "train")]

    def of_clip(self, dataset: str, clip_id: str) -> dict[str, str]:
        """Borrowed values of a clip with their donors."""
        rows = self.labels[(self.labels["dataset"] == dataset) & (self.labels["id"] == clip_id)]
        return {
            name: f"{row[name]} from {row[f'{name}_donor']}"
            for _, row in rows.iterrows()
            for name in self.known_fields
            if row[f"{name}_source"] == "borrowed"
        }


def gather_labels(processed: Path) -> list[LabelFacts]:
    """All universal labels under ``processed/``."""
    return [_read(path.parent) for path in sorted(processed.glob("universal/*/labels.csv"))]


def borrowed_labels(unions: Sequence[LabelFacts], dataset: str, clip_id: str) -> dict[str, str]:
    """Borrowed values of a clip in the first union that has any."""
    return next((values for facts in unions if (values := facts.of_clip(dataset, clip_id))), {})


def _read(folder: Path) -> LabelFacts:
    tables = {path.stem: read_csv(path) for path in sorted(folder.glob("*.csv")) if path.stem != "labels"}
    return LabelFacts(folder.name, read_csv(folder / "labels.csv"), tables)
