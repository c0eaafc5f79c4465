"""The contrast between clips."""

import math

import pytest
import torch

from models.layers.contrastive import (
    ContrastConfig,
    contrast,
    contrastive_loss,
    label_pairs,
    margin,
    refine,
)

CONFIG = ContrastConfig()
LABELS = torch.tensor([1.0, 1.0, -1.0, -1.0])
ALL = torch.ones(4, 4, dtype=torch.bool)
PERFECT = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])


def test_pairs_are_positive_by_sign_and_distance():
    labels = torch.tensor([0.1, 0.3, -0.1, 0.0, 0.9])
    pairs = label_pairs(labels, torch.ones(5, 5, dtype=torch.bool), CONFIG)
    positive = pairs.positive > 0
    assert positive[0].tolist() == [True, True, False, False, False]
    assert positive[3].tolist() == [False, False, False, True, False]
    assert torch.equal(positive, ~(pairs.negative > 0))
    assert pairs.positive[0, 1] == pytest.approx(1.5 * math.exp(-0.2 / 0.5))
    assert pairs.negative[0, 4] == pytest.approx(0.8 * 1.5 * math.exp((0.8 - 0.5) / 0.5))


def test_all_terms_are_least_when_modalities_align_and_classes_part():
    pairs = label_pairs(LABELS, ALL, CONFIG)
    perfect, swapped = PERFECT @ PERFECT.T, PERFECT @ PERFECT.flip(0).T
    assert margin(perfect, pairs, CONFIG.margin) == 0
    assert refine(perfect, pairs) == 0
    assert margin(swapped, pairs, CONFIG.margin) == pytest.approx(1 + CONFIG.margin)
    assert 0 <= contrast(perfect, pairs, CONFIG.temperature) < contrast(swapped, pairs, CONFIG.temperature)


def test_the_margin_can_be_met_at_every_allowed_setting():
    pairs = label_pairs(LABELS, ALL, CONFIG)
    assert margin(PERFECT @ PERFECT.T, pairs, 1.0) == 0
    with pytest.raises(ValueError, match="margin"):
        ContrastConfig(margin=1.1)


def test_contrast_of_one_positive_equals_the_formula():
    similarity = torch.tensor([[0.0, 0.9, 0.2], [0.9, 0.0, 0.1], [0.2, 0.1, 0.0]])
    others = ~torch.eye(3, dtype=torch.bool)
    pairs = label_pairs(torch.tensor([0.5, 0.5, -0.5]), others, CONFIG)
    push = 0.8 * 1.5 * math.exp(1.0)
    first = math.log(math.exp(0.9 / 0.5) + push * math.exp(0.2 / 0.5)) - 0.9 / 0.5
    second = math.log(math.exp(0.9 / 0.5) + push * math.exp(0.1 / 0.5)) - 0.9 / 0.5
    assert contrast(similarity, pairs, 0.5) == pytest.approx(1.5 * (first + second) / 2, rel=1e-5)


def test_descent_brings_clips_of_a_class_together_across_modalities():
    torch.manual_seed(0)
    vectors = torch.rand(4, 3, 5, requires_grad=True)
    present = torch.ones(4, 3, dtype=torch.bool)
    optimizer = torch.optim.Adam([vectors], lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        contrastive_loss(vectors.relu(), present, LABELS, CONFIG).backward()
        optimizer.step()
    directions = torch.nn.functional.normalize(vectors.detach().relu(), dim=-1)
    text_audio = directions[:, 0] @ directions[:, 1].T
    assert text_audio[0, 1] > 0.95
    assert text_audio[0, 1] - text_audio[0, 2] > CONFIG.margin - 0.02


def test_a_clip_without_a_modality_takes_part_in_no_pair_of_it():
    torch.manual_seed(0)
    vectors, present = torch.rand(4, 3, 5), torch.ones(4, 3, dtype=torch.bool)
    present[1, 2] = False
    changed = vectors.clone()
    changed[1, 2] = 5.0
    assert torch.equal(
        contrastive_loss(vectors, present, LABELS, CONFIG), contrastive_loss(changed, present, LABELS, CONFIG)
    )


@pytest.mark.parametrize("clips", [1, 2])
def test_a_batch_without_pairs_has_a_finite_gradient(clips):
    vectors = torch.zeros(clips, 3, 5, requires_grad=True)
    labels = torch.tensor([1.0, -1.0])[:clips]
    contrastive_loss(vectors, torch.ones(clips, 3, dtype=torch.bool), labels, CONFIG).backward()
    assert torch.isfinite(vectors.grad).all()
