"""The section on datasets."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.core.types import SPLITS
from pipeline.report.draw import plots
from pipeline.report.draw.svg import Chart, canvas, chart
from pipeline.report.draw.tables import Cell, TableView, cell, duration, of_frame, records
from pipeline.report.gather.datasets import DatasetFacts

_MAX_QUARANTINE = 2000


@dataclass(frozen=True)
class DatasetView:
    """The template's data of a dataset."""

    name: str
    facts: list[tuple[str, str]]
    charts: list[Chart]
    tables: list[TableView]
    licence: str


def draw_dataset(facts: DatasetFacts) -> DatasetView:
    """Charts and tables of a dataset."""
    charts = [_labels(facts), *([_lengths(facts)] if facts.hours else [])]
    tables = [_splits(facts), _coverage(facts), quarantine(facts)]
    return DatasetView(facts.name, _numbers(facts), [one for one in charts if one], tables, facts.licence)


def _numbers(facts: DatasetFacts) -> list[tuple[str, str]]:
    clips = facts.clips
    length = "unknown" if facts.hours is None else ("≈ " if facts.is_estimate else "") + duration(facts.hours * 3600)
    languages = ", ".join(f"{name} ({count:,})" for name, count in facts.languages.items())
    return [
        ("clips", f"{len(clips):,}"),
        ("videos", f"{clips['video_id'].nunique():,}" if clips["video_id"].notna().any() else "–"),
        ("length", length),
        ("languages" if len(facts.languages) > 1 else "language", languages),
        ("quarantined", f"{len({row['clip_id'] for row in facts.quarantine}):,}"),
    ]


def _labels(facts: DatasetFacts) -> Chart | None:
    labels = facts.clips["sentiment"].astype(float)
    if facts.family == "emotion" or labels.isna().all():
        return _emotions(facts)
    figure, (axes,) = canvas()
    by_split: dict[str, pd.Series] = {split: labels[facts.clips["split"] == split] for split in SPLITS}
    low, high = facts.label_range
    plots.histogram(axes, by_split, np.linspace(low, high, 25), xlabel="sentiment label")
    positive, negative = int((labels > 0).sum()), int((labels < 0).sum())
    caption = f"{positive:,} clips are positive, {negative:,} negative, {int((labels == 0).sum()):,} exactly neutral."
    return chart(figure, title="Labels", label=f"Histogram of sentiment labels by split. {caption}", caption=caption)


def _emotions(facts: DatasetFacts) -> Chart | None:
    names = facts.clips["emotion"].fillna(facts.clips["annotation"])
    if names.isna().all():
        return None
    counts = pd.crosstab(names, facts.clips["split"]).reindex(columns=SPLITS, fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False).index[:12]]
    figure, (axes,) = canvas(380, 90 + 22 * len(counts))
    plots.category_bars(axes, counts, xlabel="clips")
    most = counts.sum(axis=1)
    caption = f"The most frequent class is {most.index[0]} with {most.iloc[0] / len(names):.0%} of the clips."
    return chart(figure, title="Classes", label=f"Clips by class and split. {caption}", caption=caption)


def _lengths(facts: DatasetFacts) -> Chart:
    seconds = facts.clips["duration_s"].astype(float)
    figure, (axes,) = canvas()
    by_split: dict[str, pd.Series] = {split: seconds[facts.clips["split"] == split] for split in SPLITS}
    plots.histogram(axes, by_split, plots.bins_for(seconds, low=0.0), xlabel="length of the clip (s)")
    caption = (
        f"Half of the clips are longer than {seconds.median():.1f} s; the longest has {duration(seconds.max())}."
        " Clips above the 99.5th percentile are not drawn."
    )
    return chart(figure, title="Lengths", label=f"Histogram of clip lengths by split. {caption}", caption=caption)


def _coverage(facts: DatasetFacts) -> TableView:
    rows = [
        [
            cell(row["name"]),
            cell(row["modality"]),
            _part(row["clips"] / max(row["of"], 1), f"{row['clips']:,} of {row['of']:,}"),
            _part(row["measured"], f"{row['measured']:.1%}"),
        ]
        for row in records(facts.coverage)
    ]
    return TableView("Coverage", ("source", "modality", "clips with features", "rows measured"), rows)


def _part(value: float, text: str) -> Cell:
    return Cell(text, float(value), is_number=True)


def _splits(facts: DatasetFacts) -> TableView:
    frame = facts.splits.dropna(axis=1, how="all").rename_axis("split")
    if "hours" in frame:
        frame["length"] = [duration(3600 * hours) for hours in frame.pop("hours")]
    return of_frame(frame, f"Splits of {facts.name}")


def quarantine(facts: DatasetFacts) -> TableView:
    """Every clip that lacks a modality, and rejected rows, with the reason."""
    rows = [
        [
            Cell(str(row.get(key, "") or "–"), str(row.get(key, "")))
            for key in ("clip_id", "modality", "stage", "reason")
        ]
        for row in facts.quarantine[:_MAX_QUARANTINE]
    ]
    hidden = len(facts.quarantine) - len(rows)
    note = f"{hidden:,} more rows are in {facts.name}/quarantine.jsonl." if hidden else ""
    header = ("clip", "modality", "stage", "reason")
    return TableView(
        f"Quarantine of {facts.name}: {len(facts.quarantine):,} entries", header, rows, note, filterable=True
    )
