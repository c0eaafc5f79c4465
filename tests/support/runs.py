"""Synthetic run folders with the files of `train` and `evaluate`, without weights."""

import csv
import json
from pathlib import Path

import numpy as np

METRICS = ("Has0_acc_2", "Has0_F1_score", "Non0_acc_2", "Non0_F1_score", "Mult_acc_5", "Mult_acc_7", "MAE", "Corr")


def write_run(folder: Path, labels: dict[str, tuple[str, float]], *, error: float, seed: int) -> None:
    """Write a run folder without weights.

    Args:
        folder: ``runs/<pack>/<model>/<seed>``.
        labels: split and label by clip.
        error: mean error of the predictions; also the MAE.
        seed: of the errors.
    """
    folder.mkdir(parents=True)
    scores = dict.fromkeys(METRICS, 0.5) | {"MAE": error, "Corr": 1 - error}
    facts = {"best_epoch": 2, "epochs": 3, "seconds_per_epoch": 1.5, "peak_memory_mb": 900.0}
    facts |= {"valid": scores, "test": scores, "flags": {"valid": [], "test": ["all labels are equal"]}}
    (folder / "metrics.json").write_text(json.dumps(facts))
    history = [(epoch, error + 1 / epoch) for epoch in (1, 2, 3)]
    _write(folder / "history.csv", ("epoch", "valid_MAE"), history)
    noise = np.random.default_rng(seed).normal(0, error, len(labels))
    rows = [
        (clip_id, split, label, f"{label + off:.6f}")
        for (clip_id, (split, label)), off in zip(labels.items(), noise, strict=True)
        if split != "train"
    ]
    _write(folder / "predictions.csv", ("id", "split", "label", "prediction"), rows)


def write_robustness(folder: Path, error: float) -> None:
    """Write scores under two corruptions beside a run."""
    levels = (("noise", 20), ("noise", 0), ("faceless", 0.5), ("faceless", 1.0))
    rows = [(name, level, "features", error + index / 4) for index, (name, level) in enumerate(levels)]
    _write(folder / "robustness.csv", ("corruption", "level", "origin", "MAE"), rows)


def _write(path: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
