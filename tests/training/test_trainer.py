"""The training loop: selection, stopping, resuming, phases, and what it cannot reach."""

import csv
import inspect
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from models import amccl
from models._base import ParameterGroup, Phase
from pipeline.config.training import TrainingSettings
from pipeline.core.errors import PipelineError
from pipeline.training import checkpoint, seeding
from pipeline.training.batches import ClipTensors
from pipeline.training.device import make_fabric
from pipeline.training.optim import learning_rate_factor
from pipeline.training.predict import predict
from pipeline.training.run_folder import RunFolder
from pipeline.training.trainer import History, Trainer
from tests.support.splits import make_spec, make_split

TRAIN, VALID = make_split(24), make_split(10, seed=1, name="valid")
SETTINGS = TrainingSettings(epochs=4, batch_size=6, device="cpu", checkpoint_s=0)


@pytest.fixture
def make_trainer(encoder, tmp_path):
    def make(settings=SETTINGS, *, seed=7, name="run", identity="same", model_class=amccl.Amccl):
        seeding.seed_all(seed)
        model = model_class(amccl.Config(feedforward_dim=16, text_lr=1e-3), make_spec(encoder))
        fabric = make_fabric(settings, threads=1)
        return Trainer(model, settings, seed=seed, folder=RunFolder(tmp_path / name), identity=identity, fabric=fabric)

    return make


def fit(trainer) -> History:
    return trainer.fit(TRAIN, VALID, families="mosi")


def without_seconds(history: History) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history.rows]


def weights(trainer) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in trainer.model.parameters()])


def test_the_trainer_is_handed_the_train_and_valid_splits_only():
    for function in (Trainer.__init__, Trainer.fit):
        assert not [name for name in inspect.signature(function).parameters if "test" in name or "pack" in name]
    assert "read_split" not in inspect.getsource(inspect.getmodule(Trainer))


def test_training_lowers_the_error_and_writes_a_line_per_epoch(make_trainer, tmp_path):
    history = fit(make_trainer(TrainingSettings(epochs=8, batch_size=6, device="cpu")))
    assert history.rows[-1]["main_task"] < history.rows[0]["main_task"]
    with (tmp_path / "run" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, history.epochs + 1))
    assert {"main_loss", "main_contrast", "valid_MAE", "valid_Corr", "lr", "seconds"} <= set(rows[0])


def test_the_best_epoch_on_valid_is_kept(make_trainer):
    trainer = make_trainer(TrainingSettings(epochs=6, batch_size=6, device="cpu", schedule="constant"))
    history = fit(trainer)
    errors = [row["valid_MAE"] for row in history.rows]
    assert history.best_epoch == 1 + int(np.argmin(errors))
    assert history.best_valid["MAE"] == min(errors)
    again = make_trainer(name="other")
    again.model.load_state_dict(trainer.model.state_dict())
    predictions = predict(again.model, ClipTensors(VALID)).sentiment
    assert np.abs(predictions - VALID.labels["M"]).mean() == pytest.approx(min(errors), abs=1e-6)


def test_training_stops_when_the_patience_is_over(make_trainer):
    settings = TrainingSettings(epochs=50, patience=2, batch_size=6, device="cpu", select="Corr")
    history = fit(make_trainer(settings))
    assert history.epochs == history.best_epoch + 2 < 50
    assert history.best_valid["Corr"] == max(row["valid_Corr"] for row in history.rows)


@pytest.mark.slow
def test_the_same_seed_repeats_a_run_and_another_does_not(make_trainer):
    first, same, other = (make_trainer(name=str(index), seed=seed) for index, seed in enumerate((7, 7, 8)))
    rows = [without_seconds(fit(trainer)) for trainer in (first, same, other)]
    assert rows[0] == rows[1] != rows[2]
    assert torch.equal(weights(first), weights(same))


def test_a_run_killed_and_started_again_equals_an_uninterrupted_one(make_trainer, monkeypatch):
    uninterrupted = make_trainer(name="uninterrupted")
    expected = fit(uninterrupted)
    killed = make_trainer(name="killed")
    train_epoch = killed._train_epoch

    def die_in_the_third_epoch(clips):
        if killed.history.epochs == 2:
            raise KeyboardInterrupt
        return train_epoch(clips)

    monkeypatch.setattr(killed, "_train_epoch", die_in_the_third_epoch)
    with pytest.raises(KeyboardInterrupt):
        fit(killed)
    resumed = make_trainer(name="killed")
    history = fit(resumed)
    assert history.epochs == 4
    assert without_seconds(history) == without_seconds(expected)
    assert torch.equal(weights(resumed), weights(uninterrupted))


@pytest.mark.slow
def test_a_corrupted_run_killed_and_started_again_equals_an_uninterrupted_one(make_trainer):
    def corrupted(epoch):
        return replace(TRAIN, audio=TRAIN.audio * np.float32(epoch))

    def dying(epoch):
        if epoch == 2:
            raise KeyboardInterrupt
        return corrupted(epoch)

    uninterrupted = make_trainer(name="uninterrupted")
    expected = uninterrupted.fit(TRAIN, VALID, families="mosi", corrupted=corrupted)
    with pytest.raises(KeyboardInterrupt):
        make_trainer(name="killed").fit(TRAIN, VALID, families="mosi", corrupted=dying)
    resumed = make_trainer(name="killed")
    assert without_seconds(resumed.fit(TRAIN, VALID, families="mosi", corrupted=corrupted)) == without_seconds(expected)
    assert torch.equal(weights(resumed), weights(uninterrupted))
    assert without_seconds(fit(make_trainer(name="clean"))) != without_seconds(expected)


@pytest.mark.parametrize("damage", ["other identity", "cut short"])
def test_a_state_that_does_not_belong_to_the_run_is_ignored(make_trainer, tmp_path, damage):
    expected = fit(make_trainer(SETTINGS.model_copy(update={"epochs": 2})))
    state = tmp_path / "run" / "resume" / "last.pt"
    if damage == "cut short":
        state.write_bytes(state.read_bytes()[:1000])
    identity = "same" if damage == "cut short" else "other"
    history = fit(make_trainer(SETTINGS.model_copy(update={"epochs": 2}), identity=identity))
    assert without_seconds(history) == without_seconds(expected)
    assert history.rows[0]["seconds"] != expected.rows[0]["seconds"]


def test_a_state_with_code_in_it_is_not_run(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (tmp_path.joinpath("harm").mkdir, ())

    torch.save({"identity": "same", "model": Harmful()}, tmp_path / "last.pt")
    assert checkpoint.load_state(tmp_path / "last.pt", identity="same") is None
    assert not (tmp_path / "harm").exists()


class TwoPhases(amccl.Amccl):
    """Steps the head alone first, then all else."""

    def phases(self):
        groups = super().phases()[0].groups
        head = tuple(self.head.parameters())
        rest = tuple(p for group in groups for p in group.parameters if all(p is not own for own in head))
        return [
            Phase("head", (ParameterGroup("head", head, 1e-2),)),
            Phase("rest", (ParameterGroup("rest", rest, 1e-12),)),
        ]


def test_a_phase_steps_its_own_parameters_only(make_trainer):
    settings = TrainingSettings(epochs=1, batch_size=6, device="cpu", warmup=0)
    trainer = make_trainer(settings, model_class=TwoPhases)
    head, words = trainer.model.head[1].weight, trainer.model.text.encoder.embeddings.word_embeddings.weight
    head_before, words_before = head.detach().clone(), words.detach().clone()
    history = fit(trainer)
    assert {"head_loss", "rest_loss"} <= set(history.rows[0])
    assert (trainer.model.head[1].weight - head_before).abs().max() > 1e-3
    after = trainer.model.text.encoder.embeddings.word_embeddings.weight
    assert (after - words_before).abs().max() < 1e-6


def test_two_small_batches_summed_step_half_as_often(make_trainer):
    trainer = make_trainer(TrainingSettings(epochs=1, batch_size=6, accumulate=2, device="cpu"))
    fit(trainer)
    steps = {int(state["step"]) for state in trainer._optimizers[0].state.values()}
    assert steps == {2}


def test_half_precision_trains_to_a_similar_error(make_trainer):
    full, half = (
        fit(make_trainer(SETTINGS.model_copy(update={"precision": precision}), name=precision))
        for precision in ("fp32", "bf16")
    )
    assert full.rows[0]["main_loss"] != half.rows[0]["main_loss"]
    assert half.rows[-1]["valid_MAE"] == pytest.approx(full.rows[-1]["valid_MAE"], rel=0.1)


def test_a_loss_that_is_no_number_ends_the_run_with_a_reason(make_trainer):
    broken = replace(TRAIN, labels={"M": np.full(24, np.nan, np.float32)})
    with pytest.raises(PipelineError, match="epoch 1 is nan"):
        make_trainer().fit(broken, VALID, families="mosi")


def test_selecting_by_a_metric_the_dataset_lacks_names_those_it_has(make_trainer):
    settings = TrainingSettings(epochs=1, device="cpu", select="Weighted_F1")
    with pytest.raises(PipelineError, match=r"Weighted_F1.*MAE"):
        fit(make_trainer(settings))


def test_the_learning_rate_warms_up_and_falls_to_zero():
    settings = TrainingSettings(warmup=0.1)
    factors = [learning_rate_factor(settings, step=step, total_steps=100) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert factors[10] == 1.0
    assert factors[55] == pytest.approx(0.5)
    assert 0 < factors[99] < 0.001
    assert all(map(math.isfinite, factors))
    constant = TrainingSettings(schedule="constant", warmup=0)
    assert learning_rate_factor(constant, step=99, total_steps=100) == 1.0
