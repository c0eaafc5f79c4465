"""Options of a training run: several devices, logs for TensorBoard."""

import csv
import importlib.util
import json

import pytest

from pipeline.config.training import TrainingSettings, resolve
from pipeline.core.errors import ConfigError, MissingDependencyError
from pipeline.packs.formats.files import write_card, write_h5
from pipeline.packs.schema import PackCard
from pipeline.steps import train
from tests.support.splits import DIMS, make_split, save_encoder

# 25 clips in batches of 8: the last batch is one clip, and the second process goes without.
SPLITS = {"train": make_split(25), "valid": make_split(10, seed=1), "test": make_split(2, seed=2)}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A pack and an encoder without dropout."""
    root = tmp_path_factory.mktemp("options")
    encoder = save_encoder(root / "encoder")
    config = json.loads((encoder / "config.json").read_text())
    without = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (encoder / "config.json").write_text(json.dumps({**config, **without}))
    counts = {name: len(split) for name, split in SPLITS.items()}
    card = PackCard(dataset="toy", pack="toy", num_clips=counts, dims=DIMS, text_weights=str(encoder))
    write_h5(root / "toy.h5", SPLITS)
    write_card(root / "toy.json", card)
    return root


def train_run(root, name, **training):
    raw = {
        "model": {"encoder_dropout": 0.0, "text_lr": 1e-3},
        "training": {"epochs": 3, "batch_size": 8, "device": "cpu", **training},
    }
    settings = root / f"{name}.json"
    settings.write_text(resolve(raw, "toy").model_dump_json())
    train.run(pack=root / "toy.h5", settings=settings, model="text_only", seed=1, output=root / name)
    with (root / name / "history.csv").open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_two_processes_that_share_every_batch_train_like_one(workplace):
    one, two = train_run(workplace, "one"), train_run(workplace, "two", devices=2)
    assert len(two) == 3
    for alone, shared in zip(one, two, strict=True):
        for name in ("main_loss", "valid_MAE", "valid_Corr", "lr"):
            assert shared[name] == pytest.approx(alone[name], rel=1e-3), name
    facts = json.loads((workplace / "two" / "train.json").read_text())
    assert facts["epochs"] == 3
    assert not (workplace / "two" / "resume").exists()


def test_more_devices_than_clips_of_a_batch_are_refused():
    with pytest.raises(ValueError, match="batch_size 2 is less than devices 3"):
        TrainingSettings(batch_size=2, devices=3)


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is not None, reason="tensorboard is installed")
def test_an_absent_tensorboard_is_a_one_line_error(workplace):
    with pytest.raises(MissingDependencyError, match="pip install tensorboard"):
        train_run(workplace, "absent", tensorboard=True)


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed")
def test_tensorboard_gets_every_epoch(workplace):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    rows = train_run(workplace, "logged", tensorboard=True)
    events = EventAccumulator(str(workplace / "logged" / "tensorboard")).Reload()
    logged = events.Scalars("valid/MAE")
    assert [event.step for event in logged] == [1, 2, 3]
    assert [event.value for event in logged] == pytest.approx([row["valid_MAE"] for row in rows], rel=1e-5)


def test_a_device_that_is_not_there_is_refused_in_one_line(workplace):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ConfigError, match="torch sees no CUDA device"):
        train_run(workplace, "cuda", device="cuda", devices=2)
