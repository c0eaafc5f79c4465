"""Curves of models: over epochs, and over the strength of corruptions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from pipeline.report.draw.plots import legend
from pipeline.report.draw.svg import SERIES, Chart, canvas, chart
from pipeline.report.gather.models import ModelFacts
from pipeline.training.run_folder import RunFolder


def learning(facts: ModelFacts, model: str, runs: Sequence[RunFolder]) -> Chart | None:
    """Validation metric over epochs, one line per seed, with a dot at the best epoch."""
    metric = facts.main_metric.name
    column = f"valid_{metric}"
    shown = [run for run in runs if column in run.history]
    if not shown:
        return None
    figure, (axes,) = canvas(300, 200)
    for run in shown:
        axes.plot(run.history["epoch"], run.history[column], color=SERIES[0], linewidth=1.2, alpha=0.7)
        best = run.history[run.history["epoch"] == run.metrics.get("best_epoch")]
        axes.plot(best["epoch"], best[column], "o", color=SERIES[1], markersize=6)
    axes.set_xlabel("epoch")
    axes.set_ylabel(f"validation {metric}")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    epochs = [int(run.metrics.get("best_epoch", 0)) for run in shown]
    caption = f"{model}: one line per seed; the best epochs (dots) are {', '.join(map(str, epochs))}."
    return chart(figure, title=model, label=f"Validation {metric} over epochs. {caption}", caption=caption)


def robustness(facts: ModelFacts) -> list[Chart]:
    """Test metric over the level of each corruption, one line per model."""
    tables = [
        run.robustness.assign(model=model)
        for model, runs in facts.runs.items()
        for run in runs
        if {"corruption", "level", facts.main_metric.name} <= set(run.robustness.columns)
    ]
    if not tables:
        return []
    table = pd.concat(tables)
    return [_corrupted(facts, str(name), part) for name, part in table.groupby("corruption", sort=False)]


def _corrupted(facts: ModelFacts, name: str, table: pd.DataFrame) -> Chart:
    metric = facts.main_metric.name
    means = table.pivot_table(index="level", columns="model", values=metric, sort=False).sort_index()
    models = [str(model) for model in means.columns]
    figure, (axes,) = canvas(340, 260)
    places = np.arange(len(means))
    for color, model in zip(SERIES * 4, models, strict=False):
        axes.plot(places, means[model], "o-", color=color, markersize=3.5, linewidth=1.4, label=model)
    axes.set_xticks(places, _strengths(table, means.index))
    axes.set_xlabel("strength")
    axes.set_ylabel(f"test {metric}")
    legend(axes, columns=3)
    last = means.iloc[-1]
    steady = str((last - means.iloc[0]).abs().idxmin())
    caption = (
        f"Smallest change at the strongest level: {steady}, from {means[steady].iloc[0]:.2f} to {last[steady]:.2f}."
    )
    shown = ", ".join(f"{model} {last[model]:.2f}" for model in models)
    label = f"Test {metric} under {name}; at the strongest level: {shown}"
    return chart(figure, title=name.replace("_", " "), label=label, caption=caption)


def _strengths(table: pd.DataFrame, levels: pd.Index) -> list[str]:
    """Strengths of the levels if the table has them, else their numbers."""
    if "strength" not in table:
        return [str(level) for level in levels]
    strengths = table.groupby("level")["strength"].first()
    return ["none" if pd.isna(strengths[level]) else f"{strengths[level]:g}" for level in levels]
