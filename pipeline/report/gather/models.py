"""Training runs: scores over seeds, learning curves, predictions, robustness, cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.errors import StoreError
from pipeline.report.gather.sources import Dataset, read_json

#: The metric that models are chosen by, per family, and whether more is better.
MAIN = {"mosi": ("MAE", False), "sims": ("MAE", False), "emotion": ("Weighted_F1", True), "union": ("Combined", True)}


@dataclass(frozen=True)
class RunRecord:
    """One evaluated training run.

    Attributes:
        model: name of the model, with ``@variant``.
        seed: its seed.
        facts: content of ``metrics.json``.
        history: one row per epoch; empty where there is none.
        predictions: id, split, label, prediction; empty where there is none.
        robustness: scores under corruptions; empty where they were not measured.
    """

    model: str
    seed: int
    facts: dict[str, Any]
    history: pd.DataFrame
    predictions: pd.DataFrame
    robustness: pd.DataFrame


@dataclass(frozen=True)
class ModelFacts:
    """All runs on one pack.

    Attributes:
        dataset: the dataset's name.
        pack: the pack's name.
        family: family of metrics, or ``union``.
        runs: by model, its runs by seed.
        best: the model with the best validation score (mean over seeds), variants left out; None without runs.
        label_range: lowest and highest label.
    """

    dataset: str
    pack: str
    family: str
    runs: dict[str, list[RunRecord]]
    best: str | None
    label_range: tuple[float, float]

    @property
    def main_metric(self) -> str:
        """The metric that models are chosen by."""
        return MAIN[self.family][0]

    @property
    def base(self) -> dict[str, list[RunRecord]]:
        """Runs of models as they are."""
        return {model: runs for model, runs in self.runs.items() if "@" not in model}

    @property
    def variants(self) -> dict[str, list[RunRecord]]:
        """Runs of variants, such as ``amccl@text_alone``."""
        return {model: runs for model, runs in self.runs.items() if "@" in model}


def less_is_better(metric: str) -> bool:
    """True for errors; in a union the dataset's name stands before the metric's."""
    return metric.endswith("MAE")


def gather_models(dataset: Dataset) -> list[ModelFacts]:
    """The runs of a dataset, pack by pack."""
    folder = dataset.paths.root / "runs"
    packs = sorted({path.parents[2].name for path in folder.glob("*/*/*/metrics.json")})
    return [_pack_models(dataset, pack, sorted((folder / pack).glob("*/*/metrics.json"))) for pack in packs]


def _pack_models(dataset: Dataset, pack: str, paths: Sequence[Path]) -> ModelFacts:
    runs: dict[str, list[RunRecord]] = {}
    for path in paths:
        runs.setdefault(path.parts[-3], []).append(_read(path.parent))
    card = dataset.cards.get(pack)
    family = ("union" if card.members else card.metrics) if card else dataset.family
    return ModelFacts(
        dataset=dataset.name,
        pack=pack,
        family=family,
        runs=runs,
        best=_best(runs, *MAIN[family]),
        label_range=card.label_range if card else dataset.label_range,
    )


def _best(runs: dict[str, list[RunRecord]], metric: str, more_is_better: bool) -> str | None:  # noqa: FBT001
    scores = {model: mean_score(own, "valid", metric) for model, own in runs.items() if "@" not in model}
    known = {model: score if more_is_better else -score for model, score in scores.items() if not np.isnan(score)}
    return max(known, key=lambda model: known[model]) if known else None


def _read(folder: Path) -> RunRecord:
    return RunRecord(
        model=folder.parent.name,
        seed=int(folder.name),
        facts=read_json(folder / "metrics.json"),
        history=read_csv(folder / "history.csv"),
        predictions=read_csv(folder / "predictions.csv"),
        robustness=read_csv(folder / "robustness.csv"),
    )


def read_csv(path: Path) -> pd.DataFrame:
    """A table; empty where the file is absent.

    Raises:
        StoreError: the file is no table.
    """
    if not path.is_file():
        return pd.DataFrame()
    try:
        return pd.read_csv(path, dtype={"id": str})
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: not a readable table ({error}); delete it and run again") from error


def scores(runs: Iterable[RunRecord], split: str, metric: str) -> np.ndarray:
    """A metric of each run."""
    return np.array([run.facts.get(split, {}).get(metric, np.nan) for run in runs], np.float64)


def mean_score(runs: Iterable[RunRecord], split: str, metric: str) -> float:
    """Mean of a metric over runs; NaN without any."""
    values = scores(runs, split, metric)
    return float(values.mean()) if len(values) else float("nan")


def mean_predictions(runs: Sequence[RunRecord]) -> pd.DataFrame:
    """Per clip: split, label, mean prediction over seeds and its ``sd``; by clip id."""
    tables = [run.predictions for run in runs if "prediction" in run.predictions]
    if not tables:
        return pd.DataFrame(columns=["split", "label", "prediction", "sd"])
    table = pd.concat(tables)
    if not pd.api.types.is_numeric_dtype(table["prediction"]):
        votes = table.groupby("id")["prediction"].agg(lambda values: values.mode().iloc[0])
        return table.groupby("id")[["split", "label"]].first().assign(prediction=votes, sd=np.nan)
    found = table.groupby("id").agg(
        split=("split", "first"), label=("label", "first"), prediction=("prediction", "mean")
    )
    return found.assign(sd=table.groupby("id")["prediction"].std(ddof=1))
