"""Distribution of features, drift between splits, correlation with the label, outliers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from pipeline.core.types import SPLITS
from pipeline.report.gather.measures import Measures

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Two-sided level of the critical values, shared by all columns (Bonferroni).
_LEVEL = 0.05
#: Tukey's outer fence.
_FAR_OUT = 3.0
_MAX_Z = 20.0
_MIN_FOR_OUTLIERS = 12


@dataclass(frozen=True)
class Outlier:
    """A clip whose features are far from those of the others."""

    clip_id: str
    source: str
    score: float
    columns: tuple[str, ...]


@dataclass(frozen=True)
class FeatureFacts:
    """The columns of one extractor, over clip means.

    Attributes:
        source: the extractor, or the modality of an imported pack.
        modality: what it measures.
        columns: per column mean, sd, min, max, ``zeros`` (part of the clips), ``r`` (Pearson correlation with the
            label, train split), ``drift_valid`` and ``drift_test`` (Kolmogorov-Smirnov distance from train).
        quantiles: by split, the 5, 25, 50, 75, 95 % points of each column, in units of the train split's sd.
        constant: columns that have one value in all clips.
        missing: columns that are zero in all clips.
        critical_r: correlation at the 5 % significance level, corrected for the number of columns.
        critical_drift: the same for the distances, by split.
        outliers: farthest first.
        rows: rows per clip.
        measured: share of each clip's rows that was measured.
        notes: of the extractor, one row per clip.
        num_clips: number of clips.
    """

    source: str
    modality: str
    columns: pd.DataFrame
    quantiles: dict[str, pd.DataFrame]
    constant: list[str]
    missing: list[str]
    critical_r: float
    critical_drift: dict[str, float]
    outliers: list[Outlier]
    rows: pd.Series
    measured: pd.Series
    notes: pd.DataFrame
    num_clips: int


def gather_features(measures: Measures, clips: pd.DataFrame) -> FeatureFacts:
    """Describe one extractor.

    Args:
        measures: of its features.
        clips: label table with ``split`` and ``sentiment``.
    """
    means = measures.means[measures.means.index.isin(clips.index)]
    split = clips["split"].reindex(means.index)
    parts: dict[str, pd.DataFrame] = {name: means[split == name] for name in SPLITS if (split == name).any()}
    spread = means.max() - means.min()
    constant = list(means.columns[spread <= 1e-9 * means.abs().max().clip(lower=1e-9)]) if len(means) > 1 else []
    missing = list(means.columns[(means.fillna(0) == 0).all()])
    drift = {name: _drift(parts["train"], parts[name]) for name in ("valid", "test") if {name, "train"} <= set(parts)}
    columns = pd.DataFrame(
        {
            "mean": means.mean(),
            "sd": means.std(),
            "min": means.min(),
            "max": means.max(),
            "zeros": (means == 0).mean(),
            "r": _correlations(parts.get("train", means[:0]), clips["sentiment"]),
            **{f"drift_{name}": values for name, values in drift.items()},
        }
    )
    return FeatureFacts(
        source=measures.name,
        modality=measures.modality,
        columns=columns,
        quantiles=_quantiles(parts),
        constant=[name for name in constant if name not in missing],
        missing=missing,
        critical_r=_critical_r(len(parts.get("train", ())), len(columns)),
        critical_drift={name: _critical_drift(len(parts["train"]), len(parts[name]), len(columns)) for name in drift},
        outliers=_outliers(means, measures.name),
        rows=measures.facts["rows"],
        measured=measures.facts["measured"],
        notes=measures.notes,
        num_clips=len(means),
    )


def _quantiles(parts: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    train = parts.get("train")
    if train is None or len(train) < 2:
        return {}
    scale = train.std().replace(0, np.nan)
    return {name: ((part - train.mean()) / scale).quantile(_QUANTILES) for name, part in parts.items()}


def _correlations(train: pd.DataFrame, labels: pd.Series) -> pd.Series:
    label = labels.reindex(train.index).astype(float)
    if len(train) < 3 or label.nunique() < 2:
        return pd.Series(np.nan, index=train.columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        return train.corrwith(label)


def _drift(train: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    return pd.Series(
        {name: _distance(train[name].dropna().to_numpy(), other[name].dropna().to_numpy()) for name in train.columns}
    )


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Kolmogorov-Smirnov: the largest distance between the two cumulative distributions."""
    if not len(one) or not len(other):
        return float("nan")
    points = np.concatenate([one, other])
    below = [np.searchsorted(np.sort(part), points, side="right") / len(part) for part in (one, other)]
    return float(np.abs(below[0] - below[1]).max())


def _critical_r(clips: int, columns: int) -> float:
    """Critical value of Pearson's r for ``columns`` tests at once."""
    if clips < 4:
        return 1.0
    t = stats.t.ppf(1 - _LEVEL / 2 / max(columns, 1), clips - 2)
    return float(t / np.sqrt(clips - 2 + t**2))


def _critical_drift(train: int, other: int, columns: int) -> float:
    """Critical Kolmogorov-Smirnov distance for ``columns`` tests at once (asymptotic)."""
    return float(min(1.0, np.sqrt(-np.log(_LEVEL / max(columns, 1) / 2) * (train + other) / (2 * train * other))))


def _outliers(means: pd.DataFrame, source: str) -> list[Outlier]:
    """Clips beyond Tukey's outer fence by the root mean square of their robust z-scores."""
    if len(means) < _MIN_FOR_OUTLIERS:
        return []
    middle = means.median()
    spread = (means.quantile(0.75) - means.quantile(0.25)) / 1.349
    z = ((means - middle) / spread.where(spread > 1e-9)).clip(-_MAX_Z, _MAX_Z)
    scores = np.sqrt((z**2).mean(axis=1))
    low, high = scores.quantile([0.25, 0.75])
    far = scores[scores > high + _FAR_OUT * (high - low)].sort_values(ascending=False)
    return [
        Outlier(str(clip_id), source, float(score), tuple(z.loc[clip_id].abs().nlargest(3).index))
        for clip_id, score in far.items()
    ]


def all_outliers(features: Sequence[FeatureFacts]) -> dict[str, list[Outlier]]:
    """Outliers of all extractors by clip."""
    outliers: dict[str, list[Outlier]] = {}
    for facts in features:
        for outlier in facts.outliers:
            outliers.setdefault(outlier.clip_id, []).append(outlier)
    return outliers
