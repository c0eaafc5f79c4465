"""Training runs: scores over seeds, learning curves, predictions, robustness, cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.records import read_csv
from pipeline.report.gather.sources import Dataset
from pipeline.training.metrics import Families, Metric, main_metric
from pipeline.training.run_folder import RunFolder


@dataclass(frozen=True)
class RunRecord:
    """One evaluated training run.

    Attributes:
        model: name of the model, with ``@variant``.
        seed: its seed.
        facts: content of ``metrics.json``.
        history: one row per epoch; may be empty.
        predictions: id, split, label, prediction; may be empty.
        robustness: scores under corruptions; empty if not measured.
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
        families: family of metrics, or that of each dataset in a union.
        runs: by model, its runs by seed.
        best: the model with the best validation score (mean over seeds), without variants; None without runs.
        label_range: lowest and highest label.
    """

    dataset: str
    pack: str
    families: Families
    runs: dict[str, list[RunRecord]]
    best: str | None
    label_range: tuple[float, float]

    @property
    def main_metric(self) -> Metric:
        """The metric that selects models."""
        return main_metric(self.families)

    @property
    def base(self) -> dict[str, list[RunRecord]]:
        """Runs of models without a variant."""
        return {model: runs for model, runs in self.runs.items() if "@" not in model}

    @property
    def variants(self) -> dict[str, list[RunRecord]]:
        """Runs of variants, such as ``amccl@text_alone``."""
        return {model: runs for model, runs in self.runs.items() if "@" in model}


def gather_models(dataset: Dataset) -> list[ModelFacts]:
    """The runs of a dataset, pack by pack."""
    packs: dict[str, list[RunFolder]] = {}
    for run in RunFolder.evaluated(dataset.paths.runs):
        packs.setdefault(run.pack, []).append(run)
    return [_pack_models(dataset, pack, packs[pack]) for pack in sorted(packs)]


def _pack_models(dataset: Dataset, pack: str, folders: Iterable[RunFolder]) -> ModelFacts:
    runs: dict[str, list[RunRecord]] = {}
    for folder in folders:
        runs.setdefault(folder.model, []).append(_read(folder))
    card = dataset.cards.get(pack)
    families: Families = (card.members or card.metrics) if card else dataset.family
    return ModelFacts(
        dataset=dataset.name,
        pack=pack,
        families=families,
        runs=runs,
        best=_best(runs, main_metric(families)),
        label_range=card.label_range if card else dataset.label_range,
    )


def _best(runs: dict[str, list[RunRecord]], metric: Metric) -> str | None:
    scores = {model: mean_score(own, "valid", metric.name) for model, own in runs.items() if "@" not in model}
    losses = {model: metric.loss(score) for model, score in scores.items() if not np.isnan(score)}
    return min(losses, key=lambda model: losses[model]) if losses else None


def _read(folder: RunFolder) -> RunRecord:
    def table(path: Path) -> pd.DataFrame:
        return read_csv(path) if path.is_file() else pd.DataFrame()

    return RunRecord(
        model=folder.model,
        seed=folder.seed,
        facts=folder.metrics(),
        history=table(folder.history_file),
        predictions=table(folder.predictions_file),
        robustness=table(folder.robustness_file),
    )


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
    means = table.groupby("id").agg(
        split=("split", "first"), label=("label", "first"), prediction=("prediction", "mean")
    )
    return means.assign(sd=table.groupby("id")["prediction"].std(ddof=1))
