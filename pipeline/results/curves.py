"""Scores by level of corruption: one curve per model, corruption and metric."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pipeline.core.errors import StoreError
from pipeline.training.run_folder import RunFolder

_CURVE = ["dataset", "pack", "model", "corruption", "metric"]
_CONDITION = ["corruption", "level", "strength", "origin"]


def collect(runs: Iterable[RunFolder]) -> pd.DataFrame:
    """Rows of every run's ``robustness.csv``, one per metric.

    Raises:
        StoreError: a file is absent or damaged.
    """
    frames = []
    for run in runs:
        frame = run.robustness
        if not set(_CONDITION) <= set(frame.columns):
            raise StoreError(f"{run.robustness_file}: no readable scores; delete it and run again")
        metrics = [name for name in frame.columns if name not in _CONDITION]
        long = frame.melt(["corruption", "level", "origin"], metrics, var_name="metric")
        frames.append(long.assign(**run.keys))
    return pd.concat(frames, ignore_index=True)


def curves(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds by level, the retained part of level 0, and the area under the curve.

    The area is the trapezoidal integral over the level numbers divided by their span, so it is a mean of the metric.
    Retention is empty if the metric is 0 at level 0.
    """
    table = scores.pivot_table("value", [*_CURVE, "origin"], "level", sort=False)
    levels = list(table.columns)
    area = pd.Series(np.trapezoid(np.asarray(table, dtype=np.float64), axis=1), table.index) / (len(levels) - 1)
    retained = table[levels[1:]].div(table[levels[0]].replace(0, np.nan), axis=0)
    seeds = scores.groupby([*_CURVE, "origin"], sort=False)["seed"].nunique()
    parts: list[pd.Series | pd.DataFrame] = [
        seeds.rename("seeds"),
        table.add_prefix("level_"),
        retained.add_prefix("retention_"),
        area.rename("area"),
    ]
    joined = pd.concat(parts, axis=1)
    return joined.reset_index().sort_values(_CURVE, kind="stable", ignore_index=True)
