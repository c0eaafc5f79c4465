"""Sweeps: what is drawn, and how trials are ranked."""

import csv
import json
import math

import pytest
import yaml

from pipeline.config.loading import read_yaml, validated
from pipeline.config.sweeps import SweepConfig
from pipeline.config.training import resolve
from pipeline.core.errors import ConfigError, StoreError
from pipeline.steps.sweep import run as rank
from pipeline.training.sweeps import draw, nested

SPACE = {
    "model.text_lr": {"log_range": [1e-5, 1e-3]},
    "model.contrast.weight": {"range": [0.0, 0.5]},
    "model.channels": {"range": [8, 64]},
    "training.use": {"choice": [["text"], ["text", "audio"]]},
}


def make_config(**changes):
    base = {"model": "amccl", "datasets": ["demo"], "pack": "unaligned_50", "space": SPACE, "trials": 50}
    return validated(SweepConfig, {**base, **changes}, "some.yaml")


def test_trials_depend_on_the_file_only_and_more_of_them_leave_the_first_as_they_are():
    trials = draw(make_config(), "some.yaml")
    assert trials == draw(make_config(), "some.yaml")
    assert trials != draw(make_config(seed=1), "some.yaml")
    few = draw(make_config(trials=5), "some.yaml")
    assert list(few) == ["000", "001", "002", "003", "004"]
    assert all(trials[name] == values for name, values in few.items())


def test_values_stay_in_their_domain_and_fill_it():
    trials = draw(make_config(), "some.yaml").values()
    rates = [math.log10(trial["model.text_lr"]) for trial in trials]
    assert -5 <= min(rates) < -4.7
    assert -3.3 < max(rates) <= -3
    assert all(isinstance(trial["model.channels"], int) and 8 <= trial["model.channels"] <= 64 for trial in trials)
    assert {len(trial["training.use"]) for trial in trials} == {1, 2}


def test_a_grid_takes_every_combination_of_choices():
    space = {"model.channels": {"choice": [8, 16]}, "training.epochs": {"choice": [1, 2, 3]}}
    trials = draw(make_config(sampler="grid", space=space), "some.yaml")
    assert len(trials) == len({tuple(trial.values()) for trial in trials.values()}) == 6
    with pytest.raises(ConfigError, match=r"some.yaml: model.text_lr is a range"):
        draw(make_config(sampler="grid"), "some.yaml")


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"channels": {"choice": [1]}}, r"has the key 'channels'; expected model\.<setting>"),
        ({"model.a": {"choice": [1], "range": [0, 1]}}, "exactly one of"),
        ({"model.a": {"range": [1, 0]}}, "lower bound first"),
        ({"model.a": {"log_range": [0, 1]}}, "above 0"),
        ({"model.a": {"chioce": [1]}}, "chioce"),
        ({}, "space"),
    ],
)
def test_an_impossible_space_is_refused(space, message):
    with pytest.raises(ConfigError, match=message):
        make_config(space=space)


def test_the_shipped_sweeps_fit_their_models(repository):
    from pipeline.core import plugins

    for path in (repository / "config" / "sweeps").glob("*.yaml"):
        sweep = validated(SweepConfig, read_yaml(path), str(path))
        for values in draw(sweep, str(path)).values():
            changes = nested(values)
            raw = {"model": changes.get("model", {}), "training": changes.get("training", {})}
            plugins.load("models", sweep.model).Config(**resolve(raw, "any").model)


@pytest.fixture
def trained(tmp_path):
    """A sweep of three trials with two seeds; the third trial is best in the mean, the first in one seed."""
    values = {"000": [0.1, 0.9], "001": [0.6, 0.6], "002": [0.4, 0.5]}
    trials = {name: {"model.contrast.weight": int(name) / 10, "training.use": ["text"]} for name in values}
    folder = tmp_path / "demo" / "sweeps" / "small"
    for name, scores in values.items():
        for seed, score in zip((1, 2), scores, strict=True):
            (folder / name / str(seed)).mkdir(parents=True)
            facts = {"valid": {"MAE": score, "Corr": score}}
            (folder / name / str(seed) / "train.json").write_text(json.dumps(facts))

    def rank_by(metric=None):
        drawn = {"model": "amccl", "seeds": [1, 2], "metric": metric, "trials": trials}
        (tmp_path / "drawn.json").write_text(json.dumps(drawn))
        rank(trials=tmp_path / "drawn.json", folder=folder)

    return folder, rank_by


def test_trials_are_ranked_by_the_mean_over_seeds_and_the_best_fits_a_models_file(trained):
    folder, rank_by = trained
    rank_by()
    with (folder / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == ["002", "000", "001"]
    assert float(rows[0]["valid_MAE"]) == pytest.approx(0.45)
    best = yaml.safe_load((folder / "best.yaml").read_text())
    settled = resolve(best, "demo")
    assert settled.model == {"contrast": {"weight": 0.2}}
    assert settled.training.use == ("text",)


def test_other_metrics_are_maximised(trained):
    folder, rank_by = trained
    rank_by("Corr")
    assert "# Best of 3 trials of sweep small: trial 001, valid Corr 0.6000" in (folder / "best.yaml").read_text()


def test_a_missing_trial_or_metric_is_named(trained):
    folder, rank_by = trained
    with pytest.raises(ConfigError, match=r"no valid metric 'Cor'; did you mean 'Corr'"):
        rank_by("Cor")
    (folder / "001" / "2" / "train.json").unlink()
    with pytest.raises(StoreError, match=r"001/2: the trial is not trained"):
        rank_by()
