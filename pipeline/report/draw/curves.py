"""Curves of models: over epochs, and over the strength of disturbances."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from pipeline.report.draw.svg import MUTED, SERIES, Chart, canvas, chart
from pipeline.report.gather.models import ModelFacts, RunRecord


def learning(facts: ModelFacts, model: str, runs: Sequence[RunRecord]) -> Chart | None:
    """Validation metric over epochs, one line per seed, a dot at the epoch that was kept."""
    column = f"valid_{facts.main_metric}"
    shown = [run for run in runs if column in run.history]
    if not shown:
        return None
    figure, (axes,) = canvas(300, 200)
    for run in shown:
        axes.plot(run.history["epoch"], run.history[column], color=SERIES[0], linewidth=1.2, alpha=0.7)
        kept = run.history[run.history["epoch"] == run.facts.get("best_epoch")]
        axes.plot(kept["epoch"], kept[column], "o", color=SERIES[1], markersize=6)
    axes.set_xlabel("epoch")
    axes.set_ylabel(f"validation {facts.main_metric}")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    epochs = [int(run.facts.get("best_epoch", 0)) for run in shown]
    caption = f"{model}: a line for each seed; the kept epochs (dots) are {', '.join(map(str, epochs))}."
    return chart(figure, title=model, label=f"Validation {facts.main_metric} over epochs. {caption}", caption=caption)


def robustness(facts: ModelFacts) -> list[Chart]:
    """Test metric over the level of each disturbance, one line per model."""
    tables = [
        run.robustness.assign(model=model)
        for model, runs in facts.runs.items()
        for run in runs
        if {"disturbance", "level", facts.main_metric} <= set(run.robustness.columns)
    ]
    if not tables:
        return []
    table = pd.concat(tables)
    return [_disturbed(facts, str(name), part) for name, part in table.groupby("disturbance", sort=False)]


def _disturbed(facts: ModelFacts, name: str, table: pd.DataFrame) -> Chart:
    means = table.groupby(["model", "level"], sort=False)[facts.main_metric].mean().unstack("model")
    is_scale = pd.api.types.is_numeric_dtype(means.index)
    means = means.sort_index() if is_scale else means
    figure, (axes,) = canvas(340, 240)
    positions = means.index if is_scale else np.arange(len(means))
    for color, model in zip(SERIES * 4, means.columns, strict=False):
        axes.plot(positions, means[model], "o-", color=color, markersize=3.5, linewidth=1.4, label=model)
    if not is_scale:
        axes.set_xticks(positions, [str(level) for level in means.index], rotation=30, ha="right")
    axes.set_xlabel("level")
    axes.set_ylabel(f"test {facts.main_metric}")
    axes.legend(fontsize=9.5, labelcolor=MUTED, loc="best")
    last = means.iloc[-1]
    caption = (
        f"At the last level, {means.index[-1]}: " + ", ".join(f"{one} {last[one]:.2f}" for one in means.columns) + "."
    )
    return chart(
        figure, title=name.replace("_", " "), label=f"Test {facts.main_metric} under {name}. {caption}", caption=caption
    )
