"""Clips, hours, splits, labels, languages, coverage and quarantine of a dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.core.types import SPLITS
from pipeline.report.gather.measures import Measures
from pipeline.report.gather.sources import Dataset


@dataclass(frozen=True)
class DatasetFacts:
    """One dataset in numbers.

    Attributes:
        name: its name.
        clips: the rows of its label table with their ``duration_s`` (NaN where unknown).
        splits: per split clips, videos, speakers, hours, median length, mean label.
        hours: length of all clips; None if unknown.
        is_estimate: the hours are extrapolated from a sample.
        languages: clips by language.
        coverage: clips that each extractor has features of.
        quarantine: clips that lack a modality, and rejected rows.
        family: family of metrics.
        label_range: lowest and highest label.
        licence: terms of use.
    """

    name: str
    clips: pd.DataFrame
    splits: pd.DataFrame
    hours: float | None
    is_estimate: bool
    languages: dict[str, int]
    coverage: pd.DataFrame
    quarantine: list[dict[str, Any]]
    family: str
    label_range: tuple[float, float]
    licence: str


def gather_dataset(dataset: Dataset, measures: Sequence[Measures]) -> DatasetFacts:
    """Count the clips of a dataset."""
    clips = dataset.clips.assign(duration_s=_durations(dataset.clips, measures))
    known = clips["duration_s"].notna()
    hours = clips["duration_s"].mean() * len(clips) / 3600 if known.any() else None
    config: dict[str, Any] = next((settings["config"] for settings in dataset.settings("packs").values()), {})
    languages = clips["language"].fillna(config.get("language", "unknown")).value_counts()
    return DatasetFacts(
        name=dataset.name,
        clips=clips,
        splits=_splits(clips),
        hours=hours,
        is_estimate=bool(known.any() and not known.all()),
        languages={str(name): int(number) for name, number in languages.items()},
        coverage=_coverage(len(clips), measures),
        quarantine=dataset.quarantine,
        family=dataset.family,
        label_range=dataset.label_range,
        licence=config.get("licence", ""),
    )


def _durations(clips: pd.DataFrame, measures: Sequence[Measures]) -> pd.Series:
    """Length from the segment's bounds, else from the last row of audio or vision."""
    lengths = pd.Series(float("nan"), index=clips.index)
    if {"start_s", "end_s"} <= set(clips.columns):
        lengths = clips["end_s"].astype(float) - clips["start_s"].astype(float).fillna(0)
    ends = [one.facts["duration_s"] for one in measures if one.modality in ("audio", "vision")]
    return lengths.fillna(pd.concat(ends, axis=1).max(axis=1).reindex(clips.index)) if ends else lengths


def _splits(clips: pd.DataFrame) -> pd.DataFrame:
    rows = {split: clips[clips["split"] == split] for split in SPLITS}
    return pd.DataFrame(
        {
            "clips": {split: len(part) for split, part in rows.items()},
            "videos": {split: part["video_id"].nunique() or None for split, part in rows.items()},
            "speakers": {split: part["speaker"].nunique() or None for split, part in rows.items()},
            "hours": {split: part["duration_s"].mean() * len(part) / 3600 for split, part in rows.items()},
            "median length (s)": {split: part["duration_s"].median() for split, part in rows.items()},
            "mean label": {split: part["sentiment"].astype(float).mean() for split, part in rows.items()},
        }
    )


def _coverage(num_clips: int, measures: Sequence[Measures]) -> pd.DataFrame:
    """Per extractor, the clips that have features and the mean share of measured rows."""
    return pd.DataFrame(
        [
            {
                "name": one.name,
                "modality": one.modality,
                "clips": one.num_clips,
                "of": num_clips,
                "measured": float(one.facts["measured"].mean()) if len(one.facts) else 0.0,
            }
            for one in measures
        ],
        columns=["name", "modality", "clips", "of", "measured"],
    )
