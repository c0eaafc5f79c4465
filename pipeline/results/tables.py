"""Runs as rows: one table for all, mean and standard deviation over seeds."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError

KEYS = ("dataset", "pack", "model", "seed")
COSTS = ("seconds_per_epoch", "peak_memory_mb")


def collect(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """One row per run from its ``metrics.json``: what it was, its test metrics, its cost.

    Raises:
        StoreError: a file is absent or damaged.
    """
    rows = []
    for path in paths:
        try:
            found = json.loads(path.read_text())
            keys = dict(zip(KEYS, path.parts[-6:-5] + path.parts[-4:-1], strict=True))
            rows.append({**keys, **found["test"], **{name: found[name] for name in COSTS}})
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(f"{path}: no readable metrics ({error}); delete the run's folder and run again") from error
    return rows


def write_results(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows as CSV; a metric that a dataset does not have stays empty."""
    metrics = dict.fromkeys(name for row in rows for name in row if name not in (*KEYS, *COSTS))
    with atomic_path(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*KEYS, *metrics, *COSTS], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def over_seeds(results: pd.DataFrame) -> pd.DataFrame:
    """Mean ± sample standard deviation of each metric over the seeds of a dataset, pack and model."""
    metrics = [name for name in results.columns if name not in KEYS]
    groups = results.groupby(["dataset", "pack", "model"], sort=True)[metrics]
    mean, deviation, seeds = groups.mean(), groups.std(ddof=1), groups.size()
    table = mean.copy().astype(object)
    for name in metrics:
        table[name] = [_cell(m, s) for m, s in zip(mean[name], deviation[name], strict=True)]
    table.insert(0, "seeds", seeds)
    return table.reset_index()


def _cell(mean: float, deviation: float) -> str:
    if pd.isna(mean):
        return ""
    return f"{mean:.3f}" if pd.isna(deviation) else f"{mean:.3f} ± {deviation:.3f}"
