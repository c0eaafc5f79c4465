"""AMCCL: its parts can be switched off, and its groups follow its settings."""

import numpy as np
import pytest
import torch

from models import amccl
from pipeline.training.batches import ClipTensors
from tests.support.splits import make_spec, make_split


@pytest.fixture
def build(encoder):
    def build_model(**settings):
        torch.manual_seed(0)
        return amccl.Amccl(amccl.Config(feedforward_dim=16, **settings), make_spec(encoder))

    return build_model


@pytest.fixture(scope="module")
def batch():
    return ClipTensors(make_split(6)).take(np.arange(6))


@pytest.mark.parametrize(
    "settings",
    [
        {"squeeze_excite": False},
        {"unimodal_skips": False},
        {"text_summary": "mean", "row_summary": "mean"},
        {"contrast": {"weight": 0}},
    ],
)
def test_a_part_switched_off_changes_the_outcome_and_nothing_breaks(build, batch, settings):
    whole, reduced = build().eval(), build(**settings).eval()
    losses = reduced.losses(reduced(batch), batch, "main")
    losses["loss"].backward()
    assert losses["loss"] != whole.losses(whole(batch), batch, "main")["loss"]
    assert all(parameter.grad is not None for parameter in reduced.parameters())


def test_without_contrast_the_loss_is_the_mean_absolute_error(build, batch):
    model = build(contrast={"weight": 0}).eval()
    losses = model.losses(model(batch), batch, "main")
    assert set(losses) == {"loss", "task"}
    assert losses["loss"] == (model(batch).prediction - batch.label).abs().mean()


def test_the_contrast_sees_labels_scaled_to_one(build, batch):
    model = build().eval()
    output = model(batch)
    losses = model.losses(output, batch, "main")
    assert model.spec.label_scale == 3.0
    assert losses["loss"].item() == pytest.approx((losses["task"] + 0.01 * losses["contrast"]).item())


def test_stored_vectors_bring_no_weights_to_train_or_to_save(build):
    model = build(stored_text=True)
    assert {group.name for group in model.phases()[0].groups} == {"audio", "vision", "other"}
    assert not [name for name in model.state_dict() if name.startswith("text.")]


def test_each_encoder_has_its_own_rate_and_vectors_of_the_text_encoder_do_not_decay(build):
    groups = {group.name: group for group in build().phases()[0].groups}
    rates = {name: (group.learning_rate, group.weight_decay) for name, group in groups.items()}
    assert rates == {
        "text": (5e-5, 0.01),
        "text_vectors": (5e-5, 0.0),
        "audio": (1e-3, 0.01),
        "vision": (5e-4, 0.01),
        "other": (5e-4, 0.001),
    }
    assert all(parameter.ndim == 1 for parameter in groups["text_vectors"].parameters)
