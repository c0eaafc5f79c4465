"""Training runs: scores over seeds, learning curves, predictions, robustness, cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.report.gather.sources import Dataset
from pipeline.results.runs import by_model
from pipeline.training.metrics import Families, Metric, main_metric
from pipeline.training.run_folder import RunFolder


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
    runs: dict[str, list[RunFolder]]
    best: str | None
    label_range: tuple[float, float]

    @property
    def main_metric(self) -> Metric:
        """The metric that selects models."""
        return main_metric(self.families)

    @property
    def base(self) -> dict[str, list[RunFolder]]:
        """Runs of models without a variant."""
        return {model: runs for model, runs in self.runs.items() if "@" not in model}

    @property
    def variants(self) -> dict[str, list[RunFolder]]:
        """Runs of variants, such as ``amccl@text_alone``."""
        return {model: runs for model, runs in self.runs.items() if "@" in model}


def gather_models(dataset: Dataset) -> list[ModelFacts]:
    """The runs of a dataset, pack by pack."""
    runs = RunFolder.evaluated(dataset.paths.runs)
    packs = sorted({run.pack for run in runs})
    return [_pack_models(dataset, pack, by_model(run for run in runs if run.pack == pack)) for pack in packs]


def _pack_models(dataset: Dataset, pack: str, runs: dict[str, list[RunFolder]]) -> ModelFacts:
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


def _best(runs: dict[str, list[RunFolder]], metric: Metric) -> str | None:
    scores = {model: mean_score(own, "valid", metric.name) for model, own in runs.items() if "@" not in model}
    costs = {model: metric.cost(score) for model, score in scores.items() if not np.isnan(score)}
    return min(costs, key=lambda model: costs[model]) if costs else None


def scores(runs: Iterable[RunFolder], split: str, metric: str) -> np.ndarray:
    """A metric of each run."""
    return np.array([run.metrics.get(split, {}).get(metric, np.nan) for run in runs], np.float64)


def mean_score(runs: Iterable[RunFolder], split: str, metric: str) -> float:
    """Mean of a metric over runs; NaN without any."""
    values = scores(runs, split, metric)
    return float(values.mean()) if len(values) else float("nan")


def mean_predictions(runs: Sequence[RunFolder]) -> pd.DataFrame:
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
