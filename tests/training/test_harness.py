"""The harness as a whole, from pack to predictions: it learns a signal in the data, and nothing from noise."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from pipeline.config.training import resolve
from pipeline.packs.formats.files import write_card, write_h5
from pipeline.packs.schema import PackCard
from pipeline.steps import evaluate, train
from pipeline.training import label_shuffle
from tests.support.splits import DIMS, make_split, save_encoder

SPLITS = {"train": make_split(96), "valid": make_split(24, seed=1), "test": make_split(200, seed=2)}
# Small, and with large steps: the tiny encoder knows nothing. A model that speaks learns too slowly for this.
MODELS = {
    "amccl": {"channels": 16, "head_dim": 16, "feedforward_dim": 16, "text_lr": 3e-3, "other_lr": 5e-3},
    "cmcbep_cl": {"channels": 16, "feedforward_dim": 16, "fusion_blocks": 1, "text_lr": 1e-3, "other_lr": 3e-3},
    "late_fusion": {"text_lr": 1e-3, "other_lr": 3e-3},
    "mecam": {"channels": 32, "heads": 2, "head_dim": 8, "hidden_dim": 16, "text_lr": 1e-3, "other_lr": 3e-3},
    "text_only": {"text_lr": 1e-3, "other_lr": 3e-3},
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    root = tmp_path_factory.mktemp("harness")
    encoder = save_encoder(root / "encoder")
    counts = {name: len(split) for name, split in SPLITS.items()}
    card = PackCard(dataset="toy", pack="true", num_clips=counts, dims=DIMS, text_weights=str(encoder))
    write_h5(root / "true.h5", SPLITS)
    write_card(root / "true.json", card)
    return root


def seed_of_a_fair_shuffle():
    """The first seed whose shuffle has no chance correlation: the test's one feature would show it in full."""
    labels = SPLITS["train"].labels["M"]
    for seed in range(1000):
        shuffled = label_shuffle.with_shuffled_labels(SPLITS["train"], seed=seed).labels["M"]
        if max(abs(np.corrcoef(shuffled, truth)[0, 1]) for truth in (labels, labels > 0)) < 0.03:
            return seed
    raise AssertionError("no shuffle without a correlation")


def write_settings(path, model, **training):
    settings = {"batch_size": 16, "device": "cpu", "patience": 99, **training}
    path.write_text(resolve({"model": MODELS[model], "training": settings}, "toy").model_dump_json())
    return path


def scored_on_test(root, model, *, seed, **training):
    settings = write_settings(root / "settings.json", model, epochs=6, **training)
    folder = root / model / str(seed)
    train.run(pack=root / "true.h5", settings=settings, model=model, seed=seed, output=folder)
    evaluate.run(pack=root / "true.h5", run_dir=folder)
    return json.loads((folder / "metrics.json").read_text())["test"]


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_model_learns_true_labels_and_falls_to_chance_on_shuffled_ones(workplace, model):
    labels = SPLITS["test"].labels["M"]
    chance_error = np.abs(labels - np.median(SPLITS["train"].labels["M"])).mean()
    assert scored_on_test(workplace, model, seed=1)["Corr"] > 0.6
    by_chance = scored_on_test(workplace, model, seed=seed_of_a_fair_shuffle(), shuffle_labels=True)
    assert abs(by_chance["Corr"]) < 0.35
    assert by_chance["MAE"] > 0.9 * chance_error


def test_a_shuffle_keeps_all_labels_of_a_clip_together_and_leaves_the_clips_alone():
    before = replace(SPLITS["train"], annotations=[f"{label:.3f}" for label in SPLITS["train"].labels["M"]])
    after = label_shuffle.with_shuffled_labels(before, seed=3)
    assert sorted(after.labels["M"]) == sorted(before.labels["M"])
    assert list(after.labels["M"]) != list(before.labels["M"])
    assert after.annotations == [f"{label:.3f}" for label in after.labels["M"]]
    assert after.ids == before.ids
    assert after.text_bert is before.text_bert


@pytest.mark.slow
def test_a_process_killed_in_mid_training_and_started_again_leaves_the_bytes_of_an_uninterrupted_run(workplace):
    settings = write_settings(workplace / "long.json", "mecam", epochs=6, checkpoint_s=0)
    arguments = {"pack": workplace / "true.h5", "settings": settings, "model": "mecam", "seed": 4}
    whole, broken = workplace / "whole", workplace / "broken"
    command = [sys.executable, "-m", "pipeline", "train", "--output", str(broken)]
    command += [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not (broken / "resume" / "last.pt").is_file():
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (broken / "best.safetensors").exists()
    for folder in (whole, broken):
        train.run(**arguments, output=folder)
        evaluate.run(pack=workplace / "true.h5", run_dir=folder)
    for name in ("best.safetensors", "predictions.csv", "config.yaml"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name
