"""A table of runs, and its means and standard deviations over seeds."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64

from pipeline.core.records import write_csv
from pipeline.training.run_folder import RunFolder

KEYS = ("dataset", "pack", "model", "seed")
COSTS = ("seconds_per_epoch", "peak_memory_mb")


def collect(runs: Iterable[RunFolder]) -> list[dict[str, Any]]:
    """One row per run: its keys, test metrics and cost.

    Raises:
        StoreError: a file is absent or damaged.
    """
    rows = []
    for run in runs:
        metrics = run.metrics
        rows.append({**run.keys, **metrics["test"], **{name: metrics.get(name) for name in COSTS}})
    return rows


def write_results(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows as CSV; a metric that a dataset does not have stays empty."""
    metrics = dict.fromkeys(name for row in rows for name in row if name not in (*KEYS, *COSTS))
    write_csv(path, rows, [*KEYS, *metrics, *COSTS])


def over_seeds(results: pd.DataFrame) -> pd.DataFrame:
    """Mean ± sample standard deviation of each metric over the seeds of a dataset, pack and model."""
    metrics = [name for name in results.columns if name not in KEYS]
    groups = results.groupby(["dataset", "pack", "model"], sort=True)[metrics]
    mean, deviation, seeds = groups.mean(), groups.std(ddof=1), groups.size()
    table = mean.copy().astype(object)
    for name in metrics:
        table[name] = [mean_sd(m, s) for m, s in zip(mean[name], deviation[name], strict=True)]
    table.insert(0, "seeds", seeds)
    return table.reset_index()


def mean_sd(mean: float, deviation: float) -> str:
    """``mean ± sd``; the mean alone if there is one seed only, nothing without a mean."""
    if pd.isna(mean):
        return ""
    return f"{mean:.3f}" if pd.isna(deviation) else f"{mean:.3f} ± {deviation:.3f}"


def mean_sd_of(scores: Float64[np.ndarray, "seeds"]) -> str:
    """`mean_sd` of the scores of several seeds."""
    return mean_sd(scores.mean(), scores.std(ddof=1) if len(scores) > 1 else np.nan)
