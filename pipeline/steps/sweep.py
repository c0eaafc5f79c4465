"""Rank the trials of a sweep by their valid metric and write the best settings.

example: python -m pipeline sweep --plan processed/demo/settings/sweeps/small.json --folder processed/demo/sweeps/small
"""

import argparse
import csv
import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import yaml

from pipeline.config.loading import nearest, read_yaml, validated
from pipeline.config.sweeps import SweepPlan
from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import ConfigError, StoreError
from pipeline.training.sweeps import nested

_DEFAULTS = ("Combined", "MAE", "Weighted_F1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--plan", type=Path, required=True, help="JSON with the trials as they were drawn")
    parser.add_argument("--folder", type=Path, required=True, help="<processed>/<dataset>/sweeps/<sweep>")


def run(*, plan: Path, folder: Path) -> None:
    """Write ``trials.csv``, best first, and ``best.yaml``, in the form of ``config/models/<model>.yaml``.

    Args:
        plan: the trials as they were drawn.
        folder: of the sweep, with ``<trial>/<seed>/train.json``.

    Raises:
        PipelineError: a trial is not trained, or the metric is none of the dataset's.
    """
    sweep = validated(SweepPlan, read_yaml(plan), str(plan))
    valid = {name: [_valid(folder / name / str(seed)) for seed in sweep.seeds] for name in sweep.trials}
    known = next(iter(valid.values()))[0]
    metric = sweep.metric or next((name for name in _DEFAULTS if name in known), "")
    if metric not in known:
        raise ConfigError(f"sweep {folder.name}: no valid metric '{metric}'; {nearest(metric, list(known))}")
    scores = {name: [values[metric] for values in found] for name, found in valid.items()}
    sign = 1 if metric.endswith("MAE") else -1
    order = sorted(scores, key=lambda name: (sign * mean(scores[name]), name))
    _write_trials(folder / "trials.csv", {name: scores[name] for name in order}, sweep, metric)
    best = order[0]
    text = (
        f"# Best of {len(order)} trials of sweep {folder.name}: trial {best}, valid {metric} {mean(scores[best]):.4f}, "
        f"mean of {len(sweep.seeds)} seed(s).\n# In the form of config/models/{sweep.model.partition('@')[0]}.yaml.\n"
    )
    text += yaml.safe_dump({"datasets": {folder.parents[1].name: nested(sweep.trials[best])}}, sort_keys=False)
    with atomic_path(folder / "best.yaml") as part:
        part.write_text(text, encoding="utf-8")


def _valid(run_dir: Path) -> dict[str, float]:
    try:
        found: dict[str, float] = json.loads((run_dir / "train.json").read_text(encoding="utf-8"))["valid"]
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{run_dir}: no trained trial ({error}); run: snakemake sweep") from error
    return found


def _write_trials(path: Path, scores: dict[str, list[float]], sweep: SweepPlan, metric: str) -> None:
    keys = list(next(iter(sweep.trials.values())))
    with atomic_path(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trial", f"valid_{metric}", f"valid_{metric}_sd", *keys])
        for name, values in scores.items():
            spread = f"{stdev(values):.6f}" if len(values) > 1 else ""
            writer.writerow([name, f"{mean(values):.6f}", spread, *(_plain(sweep.trials[name][key]) for key in keys)])


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value
