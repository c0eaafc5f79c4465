"""Which clips get a card: a sample, the largest errors and the outliers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline.report.gather.features import Outlier
from pipeline.report.gather.models import ModelFacts, mean_predictions

_SPREAD, _WORST = 6, 6
#: Outliers beyond this many per dataset are listed, without a card.
MAX_OUTLIERS = 40


def choose_cards(
    clips: pd.DataFrame, outliers: Mapping[str, Sequence[Outlier]], models: Sequence[ModelFacts]
) -> dict[str, list[str]]:
    """Clips to show, with the reasons.

    Args:
        clips: label table of the dataset.
        outliers: outliers by clip.
        models: runs on the dataset's packs.

    Returns:
        Reasons by clip: first a sample spread over the labels, then the largest errors of the best model, then
        outliers, farthest first.
    """
    chosen: dict[str, list[str]] = {}
    for clip_id in _spread(clips):
        chosen.setdefault(clip_id, []).append("sample")
    for facts in models[:1]:
        for clip_id in _worst(facts):
            if clip_id in clips.index:
                chosen.setdefault(clip_id, []).append(f"largest errors of {facts.best}")
    far = sorted(outliers, key=lambda clip_id: -max(outlier.score for outlier in outliers[clip_id]))
    for clip_id in far[:MAX_OUTLIERS]:
        if clip_id in clips.index:
            chosen.setdefault(clip_id, []).extend(f"outlier in {outlier.source}" for outlier in outliers[clip_id])
    return chosen


def _spread(clips: pd.DataFrame) -> list[str]:
    """Clips at equal steps through the labels, from the test split if there is one."""
    pool = clips[clips["split"] == "test"] if (clips["split"] == "test").any() else clips
    by = [name for name in ("sentiment", "emotion") if name in pool]
    ordered = pool.sort_values(by, kind="stable").index
    if not len(ordered):
        return []
    places = np.unique(np.linspace(0, len(ordered) - 1, _SPREAD).round().astype(int))
    return [str(ordered[place]) for place in places]


def _worst(facts: ModelFacts) -> list[str]:
    if facts.best is None:
        return []
    table = mean_predictions(facts.runs[facts.best])
    table = table[table["split"] == "test"]
    if table.empty:
        return []
    if not pd.api.types.is_numeric_dtype(table["prediction"]):
        return [str(clip_id) for clip_id in table.index[table["label"] != table["prediction"]][:_WORST]]
    return [str(clip_id) for clip_id in (table["label"] - table["prediction"]).abs().nlargest(_WORST).index]


def predictions_of(clip_id: str, models: Sequence[ModelFacts]) -> pd.DataFrame:
    """Predictions of all models for a clip: pack, model, prediction, sd; may be empty."""
    return all_predictions(models).get(clip_id, pd.DataFrame())


def all_predictions(models: Sequence[ModelFacts]) -> dict[str, pd.DataFrame]:
    """`predictions_of` for all clips at once."""
    tables = [
        mean_predictions(runs).assign(model=model, pack=facts.pack)
        for facts in models
        for model, runs in facts.base.items()
    ]
    tables = [table for table in tables if len(table)]
    if not tables:
        return {}
    joined = pd.concat(tables)
    return {str(clip_id): part for clip_id, part in joined.groupby(level=0, sort=False)}
