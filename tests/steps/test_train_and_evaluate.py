"""Train and evaluate as steps: files in, files out."""

import csv
import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from pipeline.config.training import resolve
from pipeline.core.errors import ConfigError, MissingDependencyError, StoreError
from pipeline.packs.formats.files import write_card, write_h5
from pipeline.packs.schema import PackCard
from pipeline.steps import evaluate, train
from pipeline.training.metrics import FAMILIES
from tests.support.splits import DIMS, make_split, save_encoder

RAW = {
    "model": {"feedforward_dim": 16, "channels": 8, "head_dim": 8},
    "training": {"epochs": 2, "batch_size": 8, "device": "cpu"},
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A pack, its card, settled settings, and a trained run."""
    root = tmp_path_factory.mktemp("workplace")
    splits = {"train": make_split(20), "valid": make_split(8, seed=1), "test": make_split(9, seed=2)}
    write_h5(root / "toy.h5", splits)
    counts = {name: len(split) for name, split in splits.items()}
    encoder = save_encoder(root / "encoder")
    card = PackCard(dataset="toy", pack="toy", num_clips=counts, dims=DIMS, text_weights=str(encoder))
    write_card(root / "toy.json", card)
    (root / "settings.json").write_text(resolve(RAW, "toy").model_dump_json())
    train_run(root)
    return root


def train_run(root, *, pack="toy.h5", settings="settings.json", output="run", model="amccl"):
    train.run(pack=root / pack, settings=root / settings, model=model, seed=3, output=root / output)


def test_training_leaves_weights_settings_history_and_facts(workplace):
    folder = workplace / "run"
    assert sorted(path.name for path in folder.iterdir() if path.name not in ("predictions.csv", "metrics.json")) == [
        "best.safetensors",
        "card.json",
        "config.yaml",
        "history.csv",
        "train.json",
    ]
    assert {tensor.dtype for tensor in load_file(folder / "best.safetensors").values()} == {torch.float32}
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["settings"]["model"]["text_lr"] == 5e-5
    assert (config["model"], config["version"], config["seed"], config["num_train"]) == ("amccl", 2, 3, 20)
    facts = json.loads((folder / "train.json").read_text())
    assert facts["epochs"] == 2
    assert facts["seconds_per_epoch"] > 0
    assert facts["peak_memory_mb"] > 10


def test_evaluation_scores_valid_and_test_and_agrees_with_the_training(workplace):
    folder = workplace / "run"
    evaluate.run(pack=workplace / "toy.h5", run_dir=folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert tuple(metrics["test"]) == FAMILIES["mosi"].names
    facts = json.loads((folder / "train.json").read_text())
    assert metrics["valid"] == pytest.approx(facts["valid"], abs=1e-6)
    assert (metrics["dataset"], metrics["model"], metrics["seed"]) == ("toy", "amccl", 3)
    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    test = [row for row in rows if row["split"] == "test"]
    assert (len(rows), len(test)) == (17, 9)
    errors = [abs(float(row["label"]) - float(row["prediction"])) for row in test]
    assert np.mean(errors) == pytest.approx(metrics["test"]["MAE"], abs=1e-5)


def test_training_works_on_a_pack_without_a_test_split_and_repeats_itself(workplace):
    with h5py.File(workplace / "toy.h5") as whole, h5py.File(workplace / "half.h5", "w") as half:
        for name in ("train", "valid"):
            whole.copy(name, half)
    (workplace / "half.json").write_bytes((workplace / "toy.json").read_bytes())
    train_run(workplace, pack="half.h5", output="half")
    first, second = (load_file(workplace / name / "best.safetensors") for name in ("run", "half"))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_is_not_scored_on_another_pack(workplace):
    write_h5(workplace / "other.h5", {name: make_split(5, seed=9) for name in ("train", "valid", "test")})
    with pytest.raises(StoreError, match=r"another version of other\.h5"):
        evaluate.run(pack=workplace / "other.h5", run_dir=workplace / "run")


def test_weights_of_another_build_are_refused_in_one_line(workplace):
    folder = workplace / "smaller"
    folder.mkdir()
    for name in ("best.safetensors", "train.json"):
        (folder / name).write_bytes((workplace / "run" / name).read_bytes())
    text = (workplace / "run" / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace("channels: 8", "channels: 6"))
    with pytest.raises(StoreError, match=r"best\.safetensors: weights do not load") as caught:
        evaluate.run(pack=workplace / "toy.h5", run_dir=folder)
    assert "\n" not in str(caught.value)


def test_stored_vectors_need_no_encoder_and_refuse_packs_without_them(workplace):
    raw = {**RAW, "model": {**RAW["model"], "stored_text": True}}
    raw["training"] = {**RAW["training"], "text_encoder": "no_such_encoder"}
    (workplace / "stored.json").write_text(resolve(raw, "toy").model_dump_json())
    train_run(workplace, settings="stored.json", output="stored")
    evaluate.run(pack=workplace / "toy.h5", run_dir=workplace / "stored")
    assert not [name for name in load_file(workplace / "stored" / "best.safetensors") if name.startswith("text")]
    for rows, fault in ((np.zeros((20, 9, 12)), "has no text vectors"), (np.ones((20, 4, 12)), "has 4 text vec")):
        split = replace(make_split(20), text=rows.astype(np.float32))
        write_h5(workplace / "odd.h5", {name: split for name in ("train", "valid", "test")})
        (workplace / "odd.json").write_bytes((workplace / "toy.json").read_bytes())
        with pytest.raises(ConfigError, match=fault):
            train_run(workplace, pack="odd.h5", settings="stored.json", output="odd")
    with pytest.raises(ConfigError, match="unknown key 'stored_text'"):
        train_run(workplace, settings="stored.json", output="odd", model="unimse")


def test_faults_in_the_settings_are_named(workplace):
    def attempt(raw, **options):
        (workplace / "bad.json").write_text(resolve(raw, "toy").model_dump_json())
        train_run(workplace, settings="bad.json", output="bad", **options)

    with pytest.raises(ConfigError, match="did you mean 'channels'"):
        attempt({"model": {"chanels": 8}})
    with pytest.raises(ConfigError, match="did you mean 'amccl'"):
        attempt({}, model="amcl")
    with pytest.raises(MissingDependencyError, match="no_such_encoder"):
        attempt({"training": {"text_encoder": "no_such_encoder"}})
    with pytest.raises(ConfigError, match="no readable run settings"):
        train_run(workplace, settings="absent.json")
