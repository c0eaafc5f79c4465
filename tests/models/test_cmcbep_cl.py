"""CMCBEP-CL: a lead per clip, scores that tell pairs apart, fusion around the lead, the vote."""

import csv
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from models import cmcbep_cl
from models._cmcbep_cl.gated_fusion import LeadFusion, Vote
from models._cmcbep_cl.lead_modality import PairScore, lead_first, lead_weights, modality_scores
from models._cmcbep_cl.losses import discrimination, mean_distance, orthogonality
from models.layers.info_nce import contrast_between
from pipeline.config.training import TrainingSettings
from pipeline.training.batches import ClipTensors
from pipeline.training.device import make_fabric
from pipeline.training.run_folder import RunFolder
from pipeline.training.trainer import Trainer
from tests.support.splits import make_spec, make_split

ALL = torch.ones(4, dtype=torch.bool)


@pytest.fixture
def build(encoder):
    def build_model(**settings):
        torch.manual_seed(0)
        small = {"channels": 16, "groups": 4, "feedforward_dim": 32}
        return cmcbep_cl.CmcbepCl(cmcbep_cl.Config(**small, **settings), make_spec(encoder))

    return build_model


@pytest.fixture(scope="module")
def batch():
    return ClipTensors(make_split(12)).take(np.arange(12))


@pytest.mark.parametrize(
    "settings",
    [
        {"lead": "text"},
        {"filter": False},
        {"vote": False},
        {"fusion_blocks": 1},
        {"weights": {"contrast": 0}},
        {"weights": {"contrast": 0, "means": 0}},
        {"weights": {"information": 0}},
        {"weights": {"orthogonality": 0}},
    ],
)
def test_a_part_switched_off_changes_the_outcome_and_leaves_nothing_untrained(build, batch, settings):
    whole, reduced = build().eval(), build(**settings).eval()
    losses = reduced.losses(reduced(batch), batch, "main")
    losses["loss"].backward()
    assert losses["loss"] != whole.losses(whole(batch), batch, "main")["loss"]
    assert [name for name, parameter in reduced.named_parameters() if parameter.grad is None] == []


def test_the_loss_is_the_weighted_sum_of_its_parts(build, batch):
    model = build().eval()
    losses = model.losses(model(batch), batch, "main")
    weights = model.config.weights.model_dump()
    assert set(losses) == {"loss", "lead_text", "lead_audio", "lead_vision", *weights}
    expected = sum(weight * losses[name] for name, weight in weights.items())
    assert losses["loss"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_each_clip_has_the_modality_with_the_highest_score_as_its_lead():
    scores = torch.tensor([[0.1, 0.9, 0.3], [0.5, 0.2, 0.6], [0.9, 0.8, 0.7]])
    leads = lead_weights(scores, torch.ones(3, 3, dtype=torch.bool))
    torch.testing.assert_close(leads, torch.tensor([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]))


def test_an_absent_modality_never_leads():
    scores, present = torch.tensor([[0.9, 0.1, 0.2]]), torch.tensor([[False, True, True]])
    torch.testing.assert_close(lead_weights(scores, present), torch.tensor([[0.0, 0.0, 1.0]]))
    assert torch.isfinite(lead_weights(scores, torch.zeros_like(present))).all()


def test_the_choice_of_the_lead_passes_a_gradient_to_the_scores():
    scores = torch.tensor([[0.1, 0.9, 0.3]], requires_grad=True)
    (lead_weights(scores, torch.ones(1, 3, dtype=torch.bool)) * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert scores.grad.abs().min() > 0


def test_a_modality_scores_the_sum_of_its_two_pairs():
    pairs = torch.tensor([[1.0, 2.0, 4.0]])  # text-audio, text-vision, audio-vision
    assert modality_scores(pairs).tolist() == [[3.0, 5.0, 6.0]]


def test_the_lead_comes_first_and_the_others_keep_their_order():
    assert lead_first(torch.tensor([0, 1, 2])).tolist() == [[0, 1, 2], [1, 0, 2], [2, 0, 1]]


def test_the_lead_of_a_clip_does_not_depend_on_its_batch(build):
    model, clips = build().eval(), ClipTensors(make_split(12))
    for parameter in (*model.encoders.audio.parameters(), *model.encoders.vision.parameters()):
        parameter.data.mul_(5)  # vectors of new encoders hardly differ from clip to clip
    together = model(clips.take(np.arange(12))).extras["lead"].argmax(dim=1)
    alone = torch.cat([model(clips.take(np.asarray([i]))).extras["lead"].argmax(dim=1) for i in range(12)])
    assert torch.equal(together, alone)
    assert len(together.unique()) > 1


def test_a_fixed_lead_is_replaced_where_a_clip_lacks_it(build, batch):
    mask = batch.audio_mask.clone()
    mask[3] = False
    lead = build(lead="audio").eval()(replace(batch, audio_mask=mask)).extras["lead"].argmax(dim=1)
    assert lead[3] != 1
    assert (lead[torch.arange(12) != 3] == 1).all()


def test_the_history_shows_how_often_each_modality_leads(build, tmp_path):
    settings = TrainingSettings(epochs=2, batch_size=8, device="cpu")
    fabric = make_fabric(settings, threads=1)
    trainer = Trainer(build(), settings, seed=1, folder=RunFolder(tmp_path), identity="x", fabric=fabric)
    trainer.fit(make_split(24), make_split(8, seed=1), families="mosi")
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        shares = [float(row[f"main_lead_{name}"]) for name in ("text", "audio", "vision")]
        assert sum(shares) == pytest.approx(1.0, abs=1e-5)
        assert all(0 <= share <= 1 for share in shares)


def test_telling_pairs_apart_costs_what_a_coin_does_before_and_nothing_after():
    present, logits = torch.ones(4, 2, dtype=torch.bool), torch.zeros(4)
    assert discrimination(logits, logits, present).item() == pytest.approx(2 * math.log(2))
    assert discrimination(logits + 50, logits - 50, present) < 1e-6
    assert discrimination(logits[:1], logits[:1], present[:1]) == 0
    assert discrimination(logits, logits, torch.zeros_like(present)) == 0


def test_scores_learn_which_vectors_belong_together():
    torch.manual_seed(0)
    score = PairScore(8, groups=4, feedforward_dim=16, dropout=0.0)
    present = torch.ones(64, 2, dtype=torch.bool)
    optimizer = torch.optim.Adam(score.parameters(), lr=3e-3)
    for _ in range(200):
        optimizer.zero_grad()
        first = torch.randn(64, 1).sign() * torch.ones(8) + 0.3 * torch.randn(64, 8)
        discrimination(score(first, first), score(first, first.roll(1, 0)), present).backward()
        optimizer.step()
    assert score(first, first).mean() > 0
    assert score(first, -first).mean() < -1


def test_contrast_between_modalities_is_least_where_the_vectors_of_a_clip_agree():
    vectors = torch.eye(4)
    agreeing = contrast_between(vectors, 3 * vectors, ALL, temperature=0.1)
    assert agreeing.item() == pytest.approx(math.log(1 + 3 * math.exp(-10)), abs=1e-5)
    assert contrast_between(vectors, vectors.flip(0), ALL, temperature=0.1) > 5
    shuffled = torch.rand(4, 4)
    forth = contrast_between(vectors, shuffled, ALL, temperature=0.1)
    torch.testing.assert_close(forth, contrast_between(shuffled, vectors, ALL, temperature=0.1))


def test_own_parts_are_orthogonal_when_their_features_vary_apart():
    wave = torch.tensor([1.0, 1.0, -1.0, -1.0])[:, None].expand(4, 3)
    other = torch.tensor([1.0, -1.0, 1.0, -1.0])[:, None].expand(4, 3)
    assert orthogonality(wave, other, ALL) < 1e-10
    assert orthogonality(wave, wave, ALL) > 0.1


def test_means_of_equal_vectors_have_no_distance_and_a_finite_gradient():
    vectors = torch.randn(4, 3, requires_grad=True)
    distance = mean_distance(vectors, vectors, ALL)
    distance.backward()
    assert distance == 0
    assert torch.isfinite(vectors.grad).all()
    assert mean_distance(vectors, vectors + 1, ALL) > 0


def test_the_lead_keeps_its_part_and_absent_modalities_add_nothing_to_it():
    torch.manual_seed(0)
    fusion = LeadFusion(8, groups=4, blocks=3, dropout=0.0).eval()
    slots, present = torch.randn(2, 3, 8), torch.tensor([[True, True, False], [True, True, True]])
    changed = slots.clone()
    changed[:, 2] += 1.0
    difference = (fusion(changed, present) - fusion(slots, present)).abs().amax(dim=1)
    assert difference[0] == 0
    assert difference[1] > 1e-6
    changed = slots.clone()
    changed[:, 0] += torch.randn(8)
    assert (fusion(changed, present) - fusion(slots, present)).abs().amax(dim=1).min() > 1e-3


def test_every_block_of_the_chain_counts():
    fusion = LeadFusion(8, groups=4, blocks=3, dropout=0.0)
    fusion(torch.randn(2, 3, 8), torch.ones(2, 3, dtype=torch.bool)).square().sum().backward()
    for block in fusion.blocks:
        assert block.project.weight.grad.abs().sum() > 0


def test_the_vote_starts_as_the_mean_of_those_who_have_one():
    vote = Vote(3)
    predictions, present = torch.tensor([[1.0, 2.0, 6.0]] * 2), torch.tensor([[True, True, True], [True, True, False]])
    torch.testing.assert_close(vote(predictions, present), torch.tensor([3.0, 1.5]))


def test_groups_that_do_not_divide_the_channels_are_refused():
    with pytest.raises(ValueError, match="groups is 5"):
        cmcbep_cl.Config(channels=64, groups=5)
