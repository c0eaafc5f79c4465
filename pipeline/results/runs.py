"""Evaluated runs as their folders hold them: test metrics per seed, and what went wrong clip by clip."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float64

from pipeline.core.errors import StoreError


@dataclass(frozen=True)
class ModelRuns:
    """All seeds of one model on one pack, test split.

    Attributes:
        model: with its variant, as ``amccl@no_contrast``.
        metrics: one row per seed (the index), one column per metric.
        errors: one row per clip (the index holds ids), one column per seed: the absolute error of a sentiment,
            or 1 for a wrong emotion and 0 for a right one.
    """

    model: str
    metrics: pd.DataFrame
    errors: pd.DataFrame

    @property
    def seeds(self) -> list[int]:
        """Seeds in ascending order."""
        return list(self.metrics.index)

    @property
    def clip_errors(self) -> Float64[np.ndarray, "clips"]:
        """Error of each clip, averaged over the seeds."""
        return self.errors.mean(axis=1).to_numpy()


def found_runs(folder: Path) -> dict[str, list[int]]:
    """Seeds of every model that has evaluated runs in ``<processed>/<dataset>/runs/<pack>``."""
    seeds: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*/*/metrics.json")):
        if path.parent.name.isdigit():
            seeds.setdefault(path.parts[-3], []).append(int(path.parent.name))
    return {model: sorted(numbers) for model, numbers in seeds.items()}


def read_runs(folder: Path, model: str, seeds: Collection[int]) -> ModelRuns:
    """Read ``metrics.json`` and ``predictions.csv`` of a model's runs.

    Raises:
        StoreError: a file is absent or damaged, or the seeds were tested on different clips.
    """
    metrics, errors = {}, {}
    for seed in sorted(seeds):
        run = folder / model / str(seed)
        try:
            metrics[seed] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["test"]
            errors[seed] = _errors(pd.read_csv(run / "predictions.csv", dtype=str, keep_default_na=False))
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(f"{run}: no readable evaluation ({error}); delete the folder and train anew") from error
    table = pd.DataFrame(errors)
    if table.empty or table.isna().any(axis=None):
        raise StoreError(f"{folder / model}: its seeds were tested on different clips, or none; evaluate them anew")
    return ModelRuns(model, pd.DataFrame(metrics).T, table)


def _errors(predictions: pd.DataFrame) -> pd.Series:
    test = predictions[predictions["split"] == "test"].set_index("id")
    sentiment = (_numbers(test["prediction"]) - _numbers(test["label"])).abs()
    return sentiment.fillna((test["prediction"] != test["label"]).astype(float))


def _numbers(column: pd.Series) -> pd.Series:
    """NaN for the name of an emotion."""
    return pd.to_numeric(column, errors="coerce")
