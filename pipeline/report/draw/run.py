"""The section on the run: stages, time, memory, versions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from pipeline.report.draw import plots
from pipeline.report.draw.svg import INK, MUTED, SERIES, Chart, canvas, chart
from pipeline.report.draw.tables import Cell, TableView, cell, duration, number, records
from pipeline.report.gather.run import RunFacts


@dataclass(frozen=True)
class RunView:
    """The template's data of the run."""

    stages: Chart
    charts: list[Chart]
    tables: list[TableView]
    settings: list[tuple[str, str]]


def draw_run(facts: RunFacts) -> RunView:
    """Charts and tables of the run."""
    charts = [_times(facts.rules, "rule"), _times(facts.extractors, "extractor")]
    tables = [
        _jobs(facts.rules),
        _reuse(facts.reuse),
        _pairs("Library versions", facts.versions.items()),
        _pairs("Fingerprints", facts.fingerprints),
    ]
    return RunView(
        stages=draw_stages(facts.stages),
        charts=[one for one in charts if one],
        tables=[one for one in tables if one.rows],
        settings=[(title, json.dumps(settings, indent=1, ensure_ascii=False)) for title, settings in facts.settings],
    )


def draw_stages(stages: list[tuple[str, list[str]]]) -> Chart:
    """The stages of the pipeline as boxes from left to right."""
    lines = max(len(shown) for _, shown in stages)
    figure, (axes,) = canvas(120 * len(stages), 44 + 16 * lines)
    axes.set_axis_off()
    axes.set_xlim(0, len(stages))
    axes.set_ylim(lines + 1.5, -0.3)
    for column, (name, shown) in enumerate(stages):
        box = FancyBboxPatch(
            (column + 0.06, 0),
            0.76,
            lines + 1.2,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=SERIES[0],
            edgecolor=SERIES[0],
            alpha=0.12,
            mutation_aspect=(lines + 1.8) * 1.2,
        )
        axes.add_patch(box)
        axes.text(column + 0.44, 0.55, name, ha="center", va="center", fontweight="bold", color=INK)
        for row, line in enumerate(shown):
            axes.text(column + 0.44, 1.55 + row, line, ha="center", va="center", fontsize=10, color=MUTED)
        if column + 1 < len(stages):
            arrow = FancyArrowPatch(
                (column + 0.83, 0.55),
                (column + 1.05, 0.55),
                arrowstyle="-|>",
                mutation_scale=9,
                color=MUTED,
                linewidth=1,
            )
            axes.add_patch(arrow)
    label = "Stages: " + "; ".join(f"{name}: {', '.join(shown)}" for name, shown in stages)
    return chart(
        figure, label=label, caption="From raw clips to this page, with the contents of each stage.", wide=True
    )


def _times(table: pd.DataFrame, what: str) -> Chart | None:
    if table.empty or not table["seconds"].sum():
        return None
    figure, (axes,) = canvas(380, 60 + 26 * len(table))
    labels = [
        f"{duration(seconds)}, {jobs} job{'s' if jobs != 1 else ''}"
        for seconds, jobs in zip(table["seconds"], table["jobs"], strict=True)
    ]
    plots.bars(axes, table["seconds"], labels=labels)
    axes.set_xlim(0, float(table["seconds"].max()) * 1.6)
    total = table["seconds"].sum()
    caption = (
        "Total job time; parallel jobs are counted in full. "
        f"{table['seconds'].max() / total:.0%} of {duration(total)} was spent on {table['seconds'].idxmax()}."
    )
    shown = "; ".join(f"{name} {label}" for name, label in zip(table.index, labels, strict=True))
    return chart(figure, title=f"Time by {what}", label=f"Time by {what}: {shown}", caption=caption)


def _jobs(table: pd.DataFrame) -> TableView:
    rows = [
        [
            cell(row["rule"]),
            cell(row["jobs"]),
            Cell(duration(row["seconds"]), row["seconds"], is_number=True),
            Cell(duration(row["longest"]), row["longest"], is_number=True),
            Cell(number(row["mb"], 4), row["mb"], is_number=True),
        ]
        for row in records(table.rename_axis("rule").reset_index())
    ]
    return TableView("Jobs by rule", ("rule", "jobs", "total time", "longest job", "peak memory (MB)"), rows)


def _reuse(table: pd.DataFrame) -> TableView:
    rows = [
        [cell(f"{dataset}: {extractor}"), *(cell(int(value)) for value in row)]
        for (dataset, extractor), row in zip(table.index, table.to_numpy(), strict=True)
    ]
    return TableView("Clips reused and computed when each extractor last ran", ("extractor", *table.columns), rows)


def _pairs(caption: str, rows: Iterable[tuple[str, str]]) -> TableView:
    return TableView(caption, ("what", "value"), [[cell(name), cell(value)] for name, value in rows])
