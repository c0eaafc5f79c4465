"""A sweep as jobs: trials are trained and ranked, nothing is evaluated."""

import json
import re

import yaml

SWEEP = {
    "model": "text_only",
    "datasets": ["demo"],
    "pack": "unaligned_50",
    "trials": 3,
    "seeds": [1, 2],
    "space": {"model.text_lr": {"log_range": [1e-5, 1e-3]}},
}


def write_sweep(project, **changes):
    folder = project.root / "config" / "sweeps"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "small.yaml").write_text(yaml.safe_dump({**SWEEP, **changes}))


def planned_jobs(project):
    done = project.run("--dry-run", "--config", "sweeps=[small]", "--", "sweep")
    assert done.status == 0, done.output
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", done.output, re.M) if name != "total"}


def test_a_sweep_trains_every_trial_with_every_seed_and_evaluates_none(packed, tmp_path):
    project = packed.copy_to(tmp_path / "project")
    write_sweep(project)
    assert planned_jobs(project) == {"train_trial": 6, "rank_trials": 1, "sweep": 1}
    settings = project.processed / "demo" / "settings" / "sweeps"
    drawn = json.loads((settings / "small.json").read_text())
    for name, values in drawn["trials"].items():
        trial = json.loads((settings / "small" / f"{name}.json").read_text())
        assert trial["model"]["text_lr"] == values["model.text_lr"]


def test_a_sweep_that_cannot_be_is_refused_when_it_is_planned(packed, tmp_path):
    project = packed.copy_to(tmp_path / "project")
    for changes, message in (
        ({"pack": "unaligned_5"}, "demo has no pack 'unaligned_5'; did you mean 'unaligned_50'"),
        ({"datasets": ["mosi"]}, "dataset 'mosi' is not in the run"),
        ({"space": {"model.text_lrr": {"choice": [1e-4]}}}, "unknown key 'text_lrr'; did you mean 'text_lr'"),
    ):
        write_sweep(project, **changes)
        done = project.run("--dry-run", "--config", "sweeps=[small]", "--", "sweep")
        assert done.status != 0
        assert message in done.output
