"""The section on features."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.report.draw import plots
from pipeline.report.draw.svg import MUTED, Chart, canvas, chart
from pipeline.report.draw.tables import Cell, TableView, cell, of_frame, signed
from pipeline.report.gather.features import FeatureFacts

_SHOWN_COLUMNS = 14
_TABLE_COLUMNS = 160


@dataclass(frozen=True)
class FeatureView:
    """The template's data of an extractor."""

    anchor: str
    source: str
    modality: str
    summary: str
    charts: list[Chart]
    tables: list[TableView]


def draw_features(facts: FeatureFacts, anchor: str, links: Mapping[str, str]) -> FeatureView:
    """Charts and tables of an extractor.

    Args:
        facts: its columns.
        anchor: its id on the page.
        links: the place on the page of each clip that has a card.
    """
    if facts.modality == "words":
        charts = [_confidence(facts)]
    else:
        charts = [_presence(facts), _distribution(facts), _correlation(facts), _drift(facts)]
    tables = [_outliers(facts, links)] if facts.outliers else []
    tables += [_columns(facts)] if facts.modality != "words" else []
    return FeatureView(anchor, facts.source, facts.modality, _summary(facts), [one for one in charts if one], tables)


def _summary(facts: FeatureFacts) -> str:
    parts = [f"{len(facts.columns)} columns over {facts.num_clips:,} clips, {facts.rows.median():.0f} rows a clip."]
    for names, what in ((facts.constant, "constant"), (facts.missing, "zero everywhere")):
        if names:
            shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
            parts.append(f"{len(names)} {what}: {shown}.")
    if not facts.constant and not facts.missing:
        parts.append("No column is constant or missing.")
    return " ".join(parts)


def _most_correlated(facts: FeatureFacts) -> list[str]:
    """The columns that correlate most with the label, in their own order."""
    varying = facts.columns[~facts.columns.index.isin([*facts.constant, *facts.missing])]
    chosen = set(varying["r"].abs().fillna(0).nlargest(_SHOWN_COLUMNS).index)
    return [name for name in facts.columns.index if name in chosen]


def _distribution(facts: FeatureFacts) -> Chart | None:
    names = _most_correlated(facts)
    if not facts.quantiles or not names:
        return None
    figure, (axes,) = canvas(380, 90 + 24 * len(names))
    plots.quantile_rows(axes, facts.quantiles, names)
    shown = "All columns" if len(names) == len(facts.columns) else f"The {len(names)} columns closest to the label"
    caption = f"{shown}, mean of each clip: median, middle half (thick) and 5 to 95 % (thin) by split."
    return chart(
        figure, title="Distribution", label=f"Distribution of columns of {facts.source} by split", caption=caption
    )


def _correlation(facts: FeatureFacts) -> Chart | None:
    r = facts.columns["r"].dropna()
    if r.empty:
        return None
    top = r.loc[r.abs().nlargest(_SHOWN_COLUMNS).index]
    figure, (axes,) = canvas(380, 90 + 24 * len(top))
    plots.signed_bars(axes, top, limit=facts.critical_r, xlabel="Pearson's r with the label, train clips")
    beyond = int((r.abs() > facts.critical_r).sum())
    caption = (
        f"{beyond} of {len(r)} columns exceed the dashed lines (|r| = {facts.critical_r:.2f}), the 5 % "
        f"significance level, corrected for the number of columns. "
        f"Strongest: {top.index[0]}, r = {signed(format(top.iloc[0], '+.2f'))}."
    )
    return chart(
        figure,
        title="Correlation with the label",
        label=f"Correlation of {facts.source} with the label. {caption}",
        caption=caption,
    )


def _drift(facts: FeatureFacts) -> Chart | None:
    splits = [name for name in ("valid", "test") if f"drift_{name}" in facts.columns]
    if not splits:
        return None
    table = facts.columns[[f"drift_{name}" for name in splits]].set_axis(splits, axis=1)
    top = table.loc[table.max(axis=1).nlargest(_SHOWN_COLUMNS).index]
    figure, (axes,) = canvas(380, 90 + 24 * len(top))
    rows = np.arange(len(top))
    for name in splits:
        axes.plot(top[name], rows, "o", color=plots.SPLIT_COLORS[name], markersize=6, label=name)
        axes.axvline(facts.critical_drift[name], color=plots.SPLIT_COLORS[name], linewidth=0.9, linestyle=(0, (3, 3)))
    axes.hlines(rows, 0, top.max(axis=1), color=MUTED, linewidth=0.5, zorder=0)
    axes.set_yticks(rows, list(top.index))
    axes.set_ylim(len(top) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xlabel("Kolmogorov-Smirnov distance from train")
    plots.legend(axes)
    beyond = sum(int((table[name] > facts.critical_drift[name]).sum()) for name in splits)
    distances = f"{beyond} distances exceed" if beyond != 1 else "1 distance exceeds"
    caption = f"{distances} the dashed lines: the 5 % significance level, corrected for the number of columns."
    return chart(
        figure,
        title="Drift between splits",
        label=f"Drift of {facts.source} between splits. {caption}",
        caption=caption,
    )


def _presence(facts: FeatureFacts) -> Chart | None:
    """Share of the measured rows; drawn for vision, which may lack faces."""
    if facts.modality != "vision" or facts.measured.empty:
        return None
    figure, (axes,) = canvas()
    plots.histogram(axes, {"all": facts.measured}, np.linspace(0, 1, 21), xlabel="part of the frames with a face")
    without, partly = int((facts.measured == 0).sum()), int((facts.measured < 0.5).sum())
    caption = f"{without} clips show no face at all, {partly} in less than half of their frames."
    return chart(figure, title="Face presence", label=f"Histogram of face presence. {caption}", caption=caption)


def _confidence(facts: FeatureFacts) -> Chart | None:
    if "confidence" not in facts.notes:
        return None
    values = facts.notes["confidence"].astype(float)
    figure, (axes,) = canvas()
    plots.histogram(axes, {"all": values}, np.linspace(0, 1, 21), xlabel="confidence of the alignment")
    methods = facts.notes.get("method", pd.Series(dtype=str)).value_counts()
    used = ", ".join(f"{name} {count}" for name, count in methods.items())
    doubtful = int((facts.notes.get("agrees", pd.Series(1, index=values.index)) == 0).sum())
    caption = f"Clips by method: {used}. In {doubtful} clips the sound does not seem to match the transcript."
    return chart(
        figure, title="Alignment confidence", label=f"Histogram of alignment confidence. {caption}", caption=caption
    )


def _outliers(facts: FeatureFacts, links: Mapping[str, str]) -> TableView:
    rows = [
        [
            Cell(outlier.clip_id, outlier.clip_id, href=links.get(outlier.clip_id, "")),
            cell(outlier.score),
            cell(", ".join(outlier.columns)),
        ]
        for outlier in facts.outliers[:40]
    ]
    hidden = len(facts.outliers) - len(rows)
    note = f"{hidden} more are not listed." if hidden else ""
    caption = f"Outliers in {facts.source}"
    return TableView(
        caption, ("clip", "distance (robust sd)", "most unusual columns"), rows, note, filterable=len(rows) > 8
    )


def _columns(facts: FeatureFacts) -> TableView:
    frame = facts.columns.rename(columns={"drift_valid": "drift valid", "drift_test": "drift test"})
    shown = frame.loc[frame["r"].abs().fillna(0).nlargest(_TABLE_COLUMNS).index].rename_axis("column")
    note = f"The {len(shown)} columns closest to the label of {len(frame)}." if len(shown) < len(frame) else ""
    return of_frame(shown, f"Columns of {facts.source}, over clip means", note=note, filterable=True)
