"""The datasets of a processed folder: their clips, cards and stores, read once for all sections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.core.errors import StoreError
from pipeline.core.paths import DatasetPaths, Layout
from pipeline.core.records import read_json
from pipeline.core.types import FamilyName
from pipeline.index.dataset_index import DatasetIndex
from pipeline.index.manifest import read_jsonl
from pipeline.packs.formats.files import open_splits, read_card
from pipeline.packs.schema import PackCard

_TEXT_COLUMNS = ("annotation", "emotion", "speaker", "text", "language", "media", "video_id")


@dataclass(frozen=True)
class Dataset:
    """One dataset of the report.

    Attributes:
        name: its name.
        paths: of everything derived from it.
        raw: its raw folder, for pictures and sound of clip cards.
    """

    name: str
    paths: DatasetPaths
    raw: Path

    @cached_property
    def cards(self) -> dict[str, PackCard]:
        """Cards of its packs, by the pack's name."""
        return {path.stem: read_card(path) for path in sorted((self.paths.root / "packs").glob("*.json"))}

    @cached_property
    def clips(self) -> pd.DataFrame:
        """All usable rows of the label table, by clip id; those of the packs if there is no table."""
        labels = self.paths.labels
        frame = self._table() if labels.is_file() and labels.stat().st_size else self._packed()
        for name in _TEXT_COLUMNS:
            if name not in frame:
                frame[name] = None
        return frame

    @cached_property
    def quarantine(self) -> list[dict[str, Any]]:
        """Clips that lack a modality and rejected rows, with reasons."""
        return read_jsonl(self.paths.quarantine) if self.paths.quarantine.is_file() else []

    @cached_property
    def extractors(self) -> dict[str, list[Path]]:
        """Stores by extractor."""
        return DatasetIndex(self.paths).existing_stores()

    @property
    def family(self) -> FamilyName:
        """Family of metrics."""
        return next((card.metrics for card in self.cards.values()), "mosi")

    @property
    def label_range(self) -> tuple[float, float]:
        """Lowest and highest label."""
        return next((card.label_range for card in self.cards.values()), (-3.0, 3.0))

    def settings(self, kind: str) -> dict[str, Any]:
        """Resolved settings of one kind (features, packs, models), by name."""
        return {path.stem: read_json(path) for path in sorted((self.paths.root / "settings" / kind).glob("*.json"))}

    def _table(self) -> pd.DataFrame:
        frame = _by_id(read_jsonl(self.paths.labels))
        for kind in ("text", "media"):
            rows = list(DatasetIndex(self.paths).rows(kind))
            frame = frame.join(_by_id(rows)) if rows else frame
        return frame

    def _packed(self) -> pd.DataFrame:
        """Ids, labels and transcripts of all packs."""
        packs = [_pack_rows(self.paths.pack(name, "h5")) for name in self.cards]
        if not packs:
            return _by_id([])
        frame = pd.concat(packs)
        return frame[~frame.index.duplicated()].sort_index()


def open_datasets(processed: Path, raw: Path, names: Sequence[str] | None = None) -> list[Dataset]:
    """The named datasets, or all that have an index or a pack.

    Raises:
        StoreError: a named dataset is absent.
    """
    layout = Layout(processed)
    known = {
        path.parents[1].name
        for pattern in ("*/index/summary.json", "*/packs/*.json")
        for path in processed.glob(pattern)
    }
    absent = sorted(set(names or ()) - known)
    if absent:
        raise StoreError(
            f"{processed}: nothing of dataset {', '.join(absent)}; found {', '.join(sorted(known)) or 'none'}; "
            "run: snakemake packs"
        )
    return [Dataset(name, layout.dataset(name), raw / name) for name in (names or sorted(known))]


def _pack_rows(path: Path) -> pd.DataFrame:
    """Split, sentiment, annotation and text of a pack's clips, by clip id."""
    with open_splits(path) as splits:
        frames = [
            pd.DataFrame(
                {
                    "split": name,
                    "sentiment": split.labels["M"],
                    "annotation": split.annotations,
                    "text": split.raw_text,
                },
                index=pd.Index(split.ids, name="clip_id"),
            )
            for name, split in splits.items()
        ]
    return pd.concat(frames)


def _by_id(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    columns = None if rows else ["clip_id", "split", "sentiment"]
    return pd.DataFrame(rows, columns=columns).set_index("clip_id").sort_index()
