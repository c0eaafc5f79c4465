"""Evaluated runs of a model: test metrics by seed, errors by clip."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64

from pipeline.core.errors import StoreError
from pipeline.training.run_folder import RunFolder


@dataclass(frozen=True)
class ModelRuns:
    """All seeds of one model on one pack, test split.

    Attributes:
        model: name with variant, such as ``amccl@no_contrast``.
        metrics: one row per seed (the index), one column per metric.
        errors: one row per clip id, one column per seed: the absolute error of a sentiment, or 1 for a wrong emotion
            and 0 for a right one.
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


def by_model(runs: Iterable[RunFolder]) -> dict[str, list[RunFolder]]:
    """The runs of each model, by seed."""
    models: dict[str, list[RunFolder]] = {}
    for run in sorted(runs, key=lambda run: (run.model, run.seed)):
        models.setdefault(run.model, []).append(run)
    return models


def read_runs(model: str, runs: Sequence[RunFolder]) -> ModelRuns:
    """Read test metrics and predictions of a model's runs.

    Raises:
        StoreError: a file is absent or damaged, or the seeds were tested on different clips.
    """
    if missing := [run for run in runs if "prediction" not in run.predictions]:
        raise StoreError(f"{missing[0].path}: no predictions; evaluate the run again")
    metrics = {run.seed: run.metrics["test"] for run in runs}
    errors = pd.DataFrame({run.seed: _errors(run.predictions) for run in runs})
    if errors.empty or errors.isna().any(axis=None):
        raise StoreError(f"seeds of {model} were tested on different clips, or none; evaluate them again")
    return ModelRuns(model, pd.DataFrame(metrics).T, errors)


def _errors(predictions: pd.DataFrame) -> pd.Series:
    test = predictions[predictions["split"] == "test"].set_index("id")
    sentiment = (_numbers(test["prediction"]) - _numbers(test["label"])).abs()
    return sentiment.fillna((test["prediction"] != test["label"]).astype(float))


def _numbers(column: pd.Series) -> pd.Series:
    """The values as numbers; NaN for the name of an emotion."""
    return pd.to_numeric(column, errors="coerce")
