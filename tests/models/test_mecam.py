"""MECAM: contrast within a modality, bounds on mutual information, talking heads, recurrent encoders, phases."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from models import mecam
from models._mecam.mutual_information import GaussianPredictor, PolarEntropy
from models.layers.attention import TalkingHeadsAttention
from models.layers.info_nce import contrast_within
from models.layers.recurrent import RecurrentEncoder, measured_first
from pipeline.training.batches import ClipTensors
from pipeline.training.checkpoint import load_weights, save_weights
from tests.support.splits import make_spec, make_split

CONTRAST = {"radius": 0.2, "negative_weight": 0.8, "temperature": 0.5}


@pytest.fixture
def build(encoder):
    def build_model(**settings):
        torch.manual_seed(0)
        return mecam.Mecam(mecam.Config(**settings), make_spec(encoder))

    return build_model


@pytest.fixture(scope="module")
def batch():
    return ClipTensors(make_split(12)).take(np.arange(12))


def main_loss(model, batch):
    return model.losses(model(batch), batch, "main")


@pytest.mark.parametrize(
    "settings",
    [
        {"attention": False},
        {"contrast": {"weight": 0}},
        {"information": {"weight": 0}},
        {"information": {"entropy": False}},
        {"information": {"vision_audio": False}},
        {"text_summary": "mean"},
        {"row_summary": "mean"},
    ],
)
def test_a_part_switched_off_changes_the_outcome_and_leaves_nothing_untrained(build, batch, settings):
    whole, reduced = build().eval(), build(**settings).eval()
    assert main_loss(reduced, batch)["loss"] != main_loss(whole, batch)["loss"]
    for phase in reduced.phases():
        reduced.losses(reduced(batch), batch, phase.name)["loss"].backward()
    assert [name for name, parameter in reduced.named_parameters() if parameter.grad is None] == []


def test_without_contrast_and_information_the_loss_is_the_mean_absolute_error(build, batch):
    losses = main_loss(build(contrast={"weight": 0}, information={"weight": 0}).eval(), batch)
    assert set(losses) == {"loss", "task"}
    assert losses["loss"] == losses["task"]


def test_the_loss_is_the_weighted_sum_of_its_parts(build, batch):
    losses = main_loss(build().eval(), batch)
    bound = losses["log_likelihood"] + losses["entropy"]
    expected = losses["task"] + 0.08 * losses["contrast"] - 0.05 * bound
    assert losses["loss"].item() == pytest.approx(expected.item())


def test_the_predictors_are_fitted_in_a_phase_of_their_own(build):
    model = build()
    estimate, main = model.phases()
    predictors = {id(parameter) for parameter in model.information.predictors.parameters()}
    assert {id(p) for group in estimate.groups for p in group.parameters} == predictors
    assert predictors.isdisjoint(id(p) for group in main.groups for p in group.parameters)
    assert [phase.name for phase in build(information={"weight": 0}).phases()] == ["main"]


def test_each_modality_of_a_clip_reaches_those_that_read_it():
    torch.manual_seed(0)
    attention = TalkingHeadsAttention(6, heads=2, head_dim=4, dropout=0.0)
    tokens = torch.randn(1, 3, 6, requires_grad=True)
    attention(tokens, torch.tensor([[True, True, False]]))[0, 0].square().sum().backward()
    reached = tokens.grad[0].abs().sum(dim=1)
    assert reached[0] > 0
    assert reached[1] > 0
    assert reached[2] == 0


def test_heads_that_talk_change_what_is_read():
    torch.manual_seed(0)
    attention = TalkingHeadsAttention(6, heads=2, head_dim=4, dropout=0.0)
    tokens, present = torch.randn(2, 3, 6), torch.ones(2, 3, dtype=torch.bool)
    apart = attention(tokens, present)
    torch.nn.init.constant_(attention.talk, 0.5)
    assert not torch.allclose(attention(tokens, present), apart)


def test_contrast_within_a_modality_equals_the_formula():
    vectors = torch.tensor([[2.0, 0.0], [3.0, 0.0], [0.0, 1.0]])
    labels, present = torch.tensor([0.5, 0.4, -0.5]), torch.ones(3, dtype=torch.bool)
    expected = math.log(math.exp(1 / 0.5) + 0.8) - 1 / 0.5
    assert contrast_within(vectors, present, labels, **CONTRAST).item() == pytest.approx(expected, rel=1e-5)


def test_contrast_prefers_clips_of_like_label_side_by_side():
    labels, present = torch.tensor([0.5, 0.45, -0.5, -0.6]), torch.ones(4, dtype=torch.bool)
    right = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    wrong = right[[0, 2, 1, 3]]
    values = [contrast_within(vectors, present, labels, **CONTRAST) for vectors in (right, wrong)]
    assert 0 < values[0] < values[1]


def test_a_clip_is_no_positive_of_its_own_and_an_absent_one_is_in_no_pair():
    labels, vectors = torch.tensor([0.5, 0.5]), torch.eye(2)
    assert contrast_within(vectors[:1], torch.tensor([True]), labels[:1], **CONTRAST) == 0
    assert contrast_within(vectors, torch.tensor([True, False]), labels, **CONTRAST) == 0


def test_the_log_likelihood_of_a_flat_prediction_is_that_of_the_standard_normal():
    predictor = GaussianPredictor(3, 2)
    for parameter in predictor.parameters():
        torch.nn.init.zeros_(parameter)
    target = torch.tensor([[1.0, 2.0]])
    assert predictor(torch.randn(1, 3), target).item() == pytest.approx(-0.5 * (1 + 4) / 2)


def fitted_log_likelihood(source, target):
    torch.manual_seed(0)
    predictor = GaussianPredictor(source.shape[1], target.shape[1])
    optimizer = torch.optim.Adam(predictor.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        (-predictor(source, target).mean()).backward()
        optimizer.step()
    return predictor(source, target).mean().item()


def test_the_bound_is_higher_for_vectors_that_depend_on_each_other_and_stays_finite():
    torch.manual_seed(0)
    source, noise = torch.randn(256, 2), torch.randn(256, 2)
    independent, equal = fitted_log_likelihood(source, noise), fitted_log_likelihood(source, source)
    # The best fit to independent normal values is their own variance, about 1: -(1 + log 1) / 2.
    assert independent == pytest.approx(-0.5, abs=0.1)
    assert independent + 0.5 < equal < 1.5


def test_entropy_grows_with_the_spread_and_sees_present_clips_only():
    torch.manual_seed(0)
    entropy = PolarEntropy(8, memory=4).eval()
    vectors, labels = torch.randn(40, 8), torch.tensor([1.0, -1.0]).repeat(20)
    present = torch.ones(40, dtype=torch.bool)
    assert entropy(vectors, present, labels) > entropy(0.1 * vectors, present, labels)
    absent = torch.cat([vectors, 9 * torch.ones(6, 8)]), torch.cat([present, torch.zeros(6, dtype=torch.bool)])
    together = entropy(*absent, torch.cat([labels, torch.ones(6)]))
    torch.testing.assert_close(together, entropy(vectors, present, labels))


def test_entropy_of_too_few_clips_is_zero_with_a_finite_gradient():
    vectors = torch.randn(3, 16, requires_grad=True)
    value = PolarEntropy(16, memory=4)(vectors, torch.ones(3, dtype=torch.bool), torch.tensor([1.0, 2.0, -1.0]))
    value.backward()
    assert value == 0
    assert torch.isfinite(vectors.grad).all()


def test_earlier_clips_are_remembered_in_training_only():
    entropy = PolarEntropy(8, memory=5)
    vectors, present, labels = torch.randn(3, 8), torch.ones(3, dtype=torch.bool), torch.tensor([1.0, -2.0, 3.0])
    entropy.eval()(vectors, present, labels)
    assert not entropy.memory_labels.any()
    entropy.train()(vectors, present, labels)
    entropy(vectors, present, -labels)
    assert entropy.memory_labels.tolist() == [-1.0, 2.0, -3.0, 1.0, -2.0]


def test_a_trained_memory_survives_the_weights_file(build, batch, tmp_path):
    model = build().train()
    main_loss(model, batch)
    save_weights(model, tmp_path / "weights.safetensors")
    other = build()
    load_weights(other, tmp_path / "weights.safetensors")
    assert model.information.entropies[0].memory_labels.any()
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True))


def test_measured_rows_close_up_in_their_order():
    values = torch.arange(4.0).reshape(1, 4, 1)
    closed, mask = measured_first(values, torch.tensor([[False, True, False, True]]))
    assert closed.flatten().tolist() == [1.0, 3.0, 0.0, 2.0]
    assert mask.tolist() == [[True, True, False, False]]


@pytest.mark.parametrize("summary", ["last", "mean"])
def test_rows_without_a_face_leave_no_trace_in_the_recurrent_state(summary):
    torch.manual_seed(0)
    encoder = RecurrentEncoder(2, hidden=4, width=3, summary=summary)
    measured = torch.randn(1, 3, 2)
    holed = torch.stack([measured[0, 0], torch.full((2,), 9.0), measured[0, 1], measured[0, 2]]).unsqueeze(0)
    mask = torch.tensor([[True, False, True, True]])
    torch.testing.assert_close(encoder(holed, mask), encoder(measured, mask[:, [0, 2, 3]]))
    assert not encoder(holed, torch.zeros_like(mask)).any()


def test_the_contrast_does_not_depend_on_the_scale_of_the_labels(build, batch):
    # CH-SIMS labels lie in [-1, 1]: the contrast sees the same relations as on [-3, 3].
    model = build().eval()
    contrast = main_loss(model, batch)["contrast"]
    model.spec = replace(model.spec, label_range=(-1.0, 1.0))
    smaller = replace(batch, labels={"M": batch.label / 3})
    assert main_loss(model, smaller)["contrast"].item() == pytest.approx(contrast.item(), rel=1e-4)
