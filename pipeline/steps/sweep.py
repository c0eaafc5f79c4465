"""Rank the trials of a sweep by their valid metric and write the best settings.

example: python -m pipeline sweep --trials processed/demo/settings/sweeps/s.json --folder processed/demo/sweeps/s
"""

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import yaml

from pipeline.config.loading import read_yaml, validated
from pipeline.config.sweeps import SweepTrials
from pipeline.config.training import base_model
from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import ConfigError, StoreError, nearest
from pipeline.core.records import write_csv
from pipeline.training.metrics import main_metric_among, metric_named
from pipeline.training.run_folder import RunFolder
from pipeline.training.sweeps import nested


def run(*, trials: Path, folder: Path) -> None:
    """Write ``trials.csv``, best first, and ``best.yaml``, in the form of ``config/models/<model>.yaml``.

    Args:
        trials: JSON with the trials of the sweep.
        folder: <processed>/<dataset>/sweeps/<sweep>, with ``<trial>/<seed>/train.json``.

    Raises:
        PipelineError: a trial is not trained, or the dataset lacks the metric.
    """
    sweep = validated(SweepTrials, read_yaml(trials), str(trials))
    valid = {name: [_valid_scores(folder / name / str(seed)) for seed in sweep.seeds] for name in sweep.trials}
    known = next(iter(valid.values()))[0]
    metric = sweep.metric or main_metric_among(known).name
    if metric not in known:
        raise ConfigError(f"sweep {folder.name}: no valid metric '{metric}'; {nearest(metric, list(known))}")
    scores = {name: [values[metric] for values in of_seeds] for name, of_seeds in valid.items()}
    cost = metric_named(metric).cost
    order = sorted(scores, key=lambda name: (cost(mean(scores[name])), name))
    rows = [_trial_row(name, scores[name], metric, sweep.trials[name]) for name in order]
    write_csv(folder / "trials.csv", rows)
    best = order[0]
    text = (
        f"# Best of {len(order)} trials of sweep {folder.name}: trial {best}, valid {metric} {mean(scores[best]):.4f}, "
        f"mean of {len(sweep.seeds)} seed(s).\n# In the form of config/models/{base_model(sweep.model)}.yaml.\n"
    )
    text += yaml.safe_dump({"datasets": {folder.parents[1].name: nested(sweep.trials[best])}}, sort_keys=False)
    with atomic_path(folder / "best.yaml") as part:
        part.write_text(text, encoding="utf-8")


def _valid_scores(run: Path) -> dict[str, float]:
    try:
        scores: dict[str, float] = RunFolder(run).training["valid"]
    except (StoreError, KeyError) as error:
        raise StoreError(f"{run}: the trial is not trained ({error}); run: snakemake sweep") from error
    return scores


def _trial_row(name: str, scores: list[float], metric: str, settings: dict[str, Any]) -> dict[str, Any]:
    spread = f"{stdev(scores):.6f}" if len(scores) > 1 else ""
    values = {key: _plain(value) for key, value in settings.items()}
    return {"trial": name, f"valid_{metric}": f"{mean(scores):.6f}", f"valid_{metric}_sd": spread, **values}


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value
