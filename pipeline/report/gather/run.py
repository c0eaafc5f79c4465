"""Time, memory, versions, fingerprints and settings of the whole run."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import __version__
from pipeline.core.console import counted
from pipeline.features.counts import read_counts
from pipeline.report.gather.models import ModelFacts
from pipeline.report.gather.sources import Dataset

#: Rules in the order of the work.
RULES = ("extract", "gate", "quarantine", "pack", "label", "train", "evaluate", "robustness", "results", "report")


@dataclass(frozen=True)
class RunFacts:
    """How ``processed/`` was computed.

    Attributes:
        rules: per rule: jobs, seconds in all, longest job, peak memory in MB.
        extractors: seconds and peak memory of each extractor.
        reuse: per dataset and extractor: clips reused, computed and failed when its jobs last ran.
        versions: library versions.
        fingerprints: names and fingerprints.
        settings: title and resolved settings.
        stages: name and counts of each stage, for the diagram.
    """

    rules: pd.DataFrame
    extractors: pd.DataFrame
    reuse: pd.DataFrame
    versions: dict[str, str]
    fingerprints: list[tuple[str, str]]
    settings: list[tuple[str, dict[str, Any]]]
    stages: list[tuple[str, list[str]]]


def gather_run(processed: Path, datasets: list[Dataset], models: list[ModelFacts]) -> RunFacts:
    """Read benchmarks, counts of jobs, cards and settings."""
    jobs = _jobs(processed / "benchmarks")
    return RunFacts(
        rules=_summed(jobs, "rule"),
        extractors=_summed(jobs[jobs["rule"] == "extract"], "part"),
        reuse=_reuse(processed / "logs" / "extract"),
        versions=_versions(datasets),
        fingerprints=[row for dataset in datasets for row in _fingerprints(dataset)],
        settings=[row for dataset in datasets for row in _settings(dataset)],
        stages=_stages(datasets, models),
    )


def _jobs(folder: Path) -> pd.DataFrame:
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        parts = path.relative_to(folder).with_suffix("").parts
        try:
            row = pd.read_csv(path, sep="\t", na_values="-").iloc[-1]
            seconds, memory = float(row["s"]), float(row.get("max_rss", float("nan")))
        except (OSError, ValueError, KeyError, IndexError):
            continue  # a benchmark that is incomplete, or of a job that was killed
        rows.append({"rule": parts[0], "part": parts[2] if len(parts) > 2 else "", "s": seconds, "mb": memory})
    return pd.DataFrame(rows, columns=["rule", "part", "s", "mb"])


def _summed(jobs: pd.DataFrame, key: str) -> pd.DataFrame:
    groups = jobs.groupby(key, sort=False)
    table = pd.DataFrame(
        {"jobs": groups.size(), "seconds": groups["s"].sum(), "longest": groups["s"].max(), "mb": groups["mb"].max()}
    )
    order = [name for name in RULES if name in table.index]
    return table.loc[[*order, *sorted(set(table.index) - set(order))]]


def _reuse(folder: Path) -> pd.DataFrame:
    rows: dict[tuple[str, str], Counter[str]] = {}
    for path in sorted(folder.glob("*/*/*.counts.json")):
        dataset, extractor = path.relative_to(folder).parts[:2]
        rows.setdefault((dataset, extractor), Counter()).update(asdict(read_counts(path)))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["reused", "computed", "failed"])


def _versions(datasets: list[Dataset]) -> dict[str, str]:
    versions = {"triptych": __version__}
    for dataset in datasets:
        for card in dataset.cards.values():
            versions |= card.versions
        for settings in dataset.settings("features").values():
            versions |= settings.get("libraries", {})
    return dict(sorted(versions.items()))


def _fingerprints(dataset: Dataset) -> list[tuple[str, str]]:
    extractors = dataset.settings("features").items()
    rows = [(f"{dataset.name}: extractor {name}", settings.get("identity", "")) for name, settings in extractors]
    return rows + [(f"{dataset.name}: inputs of pack {name}", card.inputs) for name, card in dataset.cards.items()]


def _settings(dataset: Dataset) -> list[tuple[str, dict[str, Any]]]:
    kinds = {"features": "extractor", "packs": "pack", "models": "model"}
    return [
        (f"{dataset.name}: {word} {name}", settings)
        for kind, word in kinds.items()
        for name, settings in dataset.settings(kind).items()
    ]


def _stages(datasets: list[Dataset], models: list[ModelFacts]) -> list[tuple[str, list[str]]]:
    """Lines of the diagram by stage."""
    clips = sum(len(dataset.clips) for dataset in datasets)
    stores = sorted({name for dataset in datasets for name in dataset.extractors})
    quarantined = len({row["clip_id"] for dataset in datasets for row in dataset.quarantine})
    packs = sorted({name for dataset in datasets for name in dataset.cards})
    trained = sorted({model for facts in models for model in facts.runs})
    runs = sum(len(own) for facts in models for own in facts.runs.values())
    return [
        ("scan", [counted(len(datasets), "dataset"), counted(clips, "clip")]),
        ("extract", stores or ["imported"]),
        ("gate", [counted(quarantined, "clip"), "quarantined"]),
        ("pack", packs or ["none"]),
        ("train", [counted(len(trained), "model"), counted(runs, "run")]),
        ("evaluate", [f"{runs} scored"]),
        ("report", ["this page"]),
    ]
