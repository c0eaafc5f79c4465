"""Scores, defined exactly as MMSA defines them.

Labels and predictions are compared in float32, as there: a label of 0.1 is on the cut at 0.1, not above it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32

from pipeline.core.types import FamilyName

#: The family of a dataset, or of each dataset in a union.
Families = FamilyName | Mapping[str, FamilyName]


@dataclass(frozen=True)
class Metric:
    """A figure that describes predictions."""

    name: str
    higher_is_better: bool = True

    def cost(self, value: float) -> float:
        """The value with the sign that makes lower values better."""
        return -value if self.higher_is_better else value


@dataclass(frozen=True)
class Family:
    """The metrics of one kind of label.

    Attributes:
        metrics: in the order of the columns of every table.
        main: selects epochs, trials and models.
        combined: what a dataset adds to `COMBINED`; free of the label's unit, higher is better.
    """

    metrics: tuple[Metric, ...]
    main: Metric
    combined: Metric

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return tuple(metric.name for metric in self.metrics)


MAE, CORR, WEIGHTED_F1 = Metric("MAE", higher_is_better=False), Metric("Corr"), Metric("Weighted_F1")
#: The main metric of a union: the mean of `Family.combined` over its datasets.
COMBINED = Metric("Combined")

_MOSI = ("Has0_acc_2", "Has0_F1_score", "Non0_acc_2", "Non0_F1_score", "Mult_acc_5", "Mult_acc_7")
_SIMS = ("Mult_acc_2", "Mult_acc_3", "Mult_acc_5", "F1_score")
FAMILIES: dict[FamilyName, Family] = {
    "mosi": Family((*map(Metric, _MOSI), MAE, CORR), main=MAE, combined=CORR),
    "sims": Family((*map(Metric, _SIMS), MAE, CORR), main=MAE, combined=CORR),
    "emotion": Family((Metric("Acc"), WEIGHTED_F1), main=WEIGHTED_F1, combined=WEIGHTED_F1),
}

_SIMS_CUTS = {2: (0.0,), 3: (-0.1, 0.1), 5: (-0.7, -0.1, 0.1, 0.7)}


@dataclass(frozen=True)
class Scores:
    """Metrics by name, and the undefined ones among them."""

    values: dict[str, float]
    flags: tuple[str, ...] = ()


def metric_named(column: str) -> Metric:
    """The metric of a table's column; in a union the dataset's name comes first, as in ``mosi_MAE``."""
    lower = {metric.name for family in FAMILIES.values() for metric in family.metrics if not metric.higher_is_better}
    return Metric(column, higher_is_better=not any(f"_{column}".endswith(f"_{name}") for name in lower))


def main_metric(families: Families) -> Metric:
    """The metric that selects epochs, trials and models."""
    return FAMILIES[families].main if isinstance(families, str) else COMBINED


def main_metric_among(names: Collection[str]) -> Metric:
    """The main metric of the family, or union, that scores of these names belong to."""
    mains = (COMBINED, *(family.main for family in FAMILIES.values()))
    return next(metric for metric in mains if metric.name in names)


def sentiment_scores(
    family: Literal["mosi", "sims"], labels: Float32[np.ndarray, "clips"], predictions: Float32[np.ndarray, "clips"]
) -> Scores:
    """Score predicted sentiment.

    Args:
        family: ``mosi`` for labels in [-3, 3] (CMU-MOSI, CMU-MOSEI), ``sims`` for labels in [-1, 1] (CH-SIMS).
        labels: the truth.
        predictions: in the units of the labels.

    Returns:
        The metrics of `FAMILIES`. Where the correlation is undefined it is 0 and flagged.
    """
    score: Callable[..., dict[str, float]] = _mosi if family == "mosi" else _sims
    flags = []
    for name, values in (("predictions", predictions), ("labels", labels)):
        if np.ptp(values) == 0:
            flags.append(f"all {name} are equal: Corr is undefined and given as 0")
    if family == "mosi" and not labels.any():
        flags.append("no label differs from 0: Non0 metrics are undefined and given as 0")
    return Scores(score(labels, predictions), tuple(flags))


def emotion_scores(labels: Sequence[str], predictions: Sequence[str]) -> Scores:
    """Score predicted emotions by accuracy and support-weighted F1."""
    truth, guess = np.asarray(labels), np.asarray(predictions)
    return Scores({"Acc": _accuracy(truth, guess), "Weighted_F1": weighted_f1(truth, guess)})


def union_scores(families: Mapping[str, FamilyName], scores: Mapping[str, Scores]) -> Scores:
    """Join the scores of a union's datasets, with their combination.

    Args:
        families: of each dataset.
        scores: of each dataset.

    Returns:
        The metrics under ``<dataset>_<metric>``, and `COMBINED`.
    """
    values = {f"{name}_{metric}": value for name in families for metric, value in scores[name].values.items()}
    combined = [scores[name].values[FAMILIES[family].combined.name] for name, family in families.items()]
    values[COMBINED.name] = float(np.mean(combined))
    return Scores(values, tuple(f"{name}: {flag}" for name in families for flag in scores[name].flags))


def weighted_f1(labels: np.ndarray, predictions: np.ndarray) -> float:
    """F1 of each class that occurs in the labels, averaged by how often it occurs there."""
    total = 0.0
    for value in np.unique(labels):
        truth, guess = labels == value, predictions == value
        total += truth.sum() * 2.0 * (truth & guess).sum() / (truth.sum() + guess.sum())
    return float(total / len(labels)) if len(labels) else 0.0


def _mosi(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    known = labels != 0
    has0 = (labels >= 0, predictions >= 0)
    non0 = (labels[known] > 0, predictions[known] > 0)
    return {
        "Has0_acc_2": _accuracy(*has0),
        "Has0_F1_score": weighted_f1(*has0),
        "Non0_acc_2": _accuracy(*non0),
        "Non0_F1_score": weighted_f1(*non0),
        "Mult_acc_5": _rounded_accuracy(labels, predictions, limit=2),
        "Mult_acc_7": _rounded_accuracy(labels, predictions, limit=3),
        **_regression(labels, predictions),
    }


def _sims(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    # MMSA clips here, before everything, and only here.
    labels, predictions = np.clip(labels, -1, 1), np.clip(predictions, -1, 1)
    classes = {
        count: (np.digitize(labels, bins, right=True), np.digitize(predictions, bins, right=True))
        for count, bins in ((count, np.asarray(cuts, np.float32)) for count, cuts in _SIMS_CUTS.items())
    }
    return {
        **{f"Mult_acc_{count}": _accuracy(*pair) for count, pair in classes.items()},
        "F1_score": weighted_f1(*classes[2]),
        **_regression(labels, predictions),
    }


def _regression(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    truth, guess = labels.astype(np.float64), predictions.astype(np.float64)
    defined = np.ptp(truth) > 0 and np.ptp(guess) > 0
    return {
        "MAE": float(np.abs(guess - truth).mean()),
        "Corr": float(np.corrcoef(guess, truth)[0, 1]) if defined else 0.0,
    }


def _rounded_accuracy(labels: np.ndarray, predictions: np.ndarray, *, limit: int) -> float:
    """Share of equal classes after clipping and rounding half to even."""
    return _accuracy(*(np.round(np.clip(values, -limit, limit)) for values in (labels, predictions)))


def _accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    return float((labels == predictions).mean()) if len(labels) else 0.0
