"""The summary: largest figures, best models, findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.console import counted
from pipeline.report.draw.tables import duration, number
from pipeline.report.gather.datasets import DatasetFacts
from pipeline.report.gather.features import FeatureFacts
from pipeline.report.gather.models import ModelFacts, mean_score, scores
from pipeline.results.tables import mean_sd_of


@dataclass(frozen=True)
class Overview:
    """The template's data of the summary.

    Attributes:
        numbers: names and values of the main figures.
        best: a sentence for each pack.
        findings: sentences with the anchor of their section.
    """

    numbers: list[tuple[str, str]]
    best: list[str]
    findings: list[tuple[str, str]]


def draw_overview(
    datasets: Sequence[DatasetFacts], features: Mapping[str, FeatureFacts], models: Sequence[ModelFacts]
) -> Overview:
    """Sum up the other sections.

    Args:
        datasets: all datasets.
        features: extractors by their place on the page.
        models: runs by dataset and pack.
    """
    runs = [run for facts in models for own in facts.runs.values() for run in own]
    hours = sum(facts.hours or 0 for facts in datasets)
    trained = len({run.model for run in runs})
    numbers = [
        ("clips", number(sum(len(facts.clips) for facts in datasets))),
        *([("video length", duration(hours * 3600))] if hours else []),
        (
            "feature columns",
            number(sum(len(facts.columns) for facts in features.values() if facts.modality != "words")),
        ),
        ("model" if trained == 1 else "models", number(trained)),
        ("training run" if len(runs) == 1 else "training runs", number(len(runs))),
    ]
    findings = [
        *(finding for facts in datasets for finding in _dataset_findings(facts)),
        *((finding, place) for place, facts in features.items() for finding in _feature_findings(facts)),
        *(finding for facts in models for finding in _model_findings(facts)),
    ]
    return Overview(numbers, [_best(facts) for facts in models if facts.best], findings)


def _best(facts: ModelFacts) -> str:
    metric, runs = facts.main_metric.name, facts.runs[facts.best or ""]
    test = scores(runs, "test", metric)
    seeds = f"{len(runs)} seed{'s' if len(runs) != 1 else ''}"
    return (
        f"On {facts.dataset}, {facts.pack}: {facts.best}, selected by {metric} on the validation split "
        f"({mean_score(runs, 'valid', metric):.3f}), scores {mean_sd_of(test)} on the test split over {seeds}."
    )


def _dataset_findings(facts: DatasetFacts) -> list[tuple[str, str]]:
    findings = []
    quarantined = len({row["clip_id"] for row in facts.quarantine})
    if quarantined:
        findings.append(
            (f"{quarantined} clips of {facts.name} lack a modality or were rejected.", f"dataset-{facts.name}")
        )
    small = [str(split) for split, count in facts.splits["clips"].items() if count < 50]
    if small:
        findings.append(
            (
                f"{facts.name}: fewer than 50 clips in {', '.join(small)}; scores on so few clips vary a lot.",
                f"dataset-{facts.name}",
            )
        )
    return findings


def _feature_findings(facts: FeatureFacts) -> list[str]:
    findings = []
    if names := [*facts.constant, *facts.missing]:
        shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        findings.append(f"{counted(len(names), 'constant column')}: {shown}.")
    if facts.outliers:
        findings.append(f"{counted(len(facts.outliers), 'outlier clip')}.")
    drift = sum(int((facts.columns[f"drift_{name}"] > limit).sum()) for name, limit in facts.critical_drift.items())
    if drift and facts.modality != "words":
        findings.append(f"{counted(drift, 'column')} differing significantly between splits.")
    doubtful = int((facts.notes["agrees"] == 0).sum()) if "agrees" in facts.notes else 0
    if doubtful:
        findings.append(f"{counted(doubtful, 'clip')} whose sound does not seem to match the transcript.")
    faceless = int((facts.measured < 0.5).sum()) if facts.modality == "vision" else 0
    if faceless:
        findings.append(f"{counted(faceless, 'clip')} with a face in less than half of the frames.")
    return [f"{facts.source}: {finding}" for finding in findings]


def _model_findings(facts: ModelFacts) -> list[tuple[str, str]]:
    findings = []
    flags = sorted(
        {flag for runs in facts.runs.values() for run in runs for flag in run.metrics["flags"].get("test", [])}
    )
    findings += [(f"{facts.dataset}, {facts.pack}: {flag}.", "models") for flag in flags]
    metric = facts.main_metric.name
    spread = {
        model: np.std(scores(runs, "test", metric), ddof=1) / abs(mean_score(runs, "test", metric))
        for model, runs in facts.base.items()
        if len(runs) > 1
    }
    unsteady = [model for model, part in spread.items() if part > 0.15]
    if unsteady:
        findings.append((f"{', '.join(unsteady)}: {metric} varies by more than 15 % between seeds.", "models"))
    return findings
