"""Batches: complete, repeatable, trimmed, masked."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline.core.errors import StoreError
from pipeline.training.batches import ClipTensors, epoch_visits, prediction_order, training_order
from tests.support.splits import AUDIO_STEPS, make_split


@pytest.fixture(scope="module")
def clips():
    return ClipTensors(make_split(50))


def test_every_clip_comes_once_in_an_epoch(clips):
    for order in (training_order(clips.lengths, 8, seed=1, epoch=0), prediction_order(clips.lengths, 8)):
        assert sorted(np.concatenate(order)) == list(range(50))
        assert max(map(len, order)) == 8


def test_the_order_depends_on_seed_and_epoch_only(clips):
    def order(seed, epoch):
        return np.concatenate(training_order(clips.lengths, 8, seed=seed, epoch=epoch)).tolist()

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(*key)) for key in ((1, 2), (1, 3), (2, 2), (2, 1))}) == 4


def test_an_epoch_visits_the_share_of_each_dataset_that_was_asked_for():
    ids = [f"mosi/{clip}" for clip in range(10)] + [f"meld/{clip}" for clip in range(40)]
    first, second = (epoch_visits(ids, {"mosi": 1.5, "meld": 0.25}, seed=1, epoch=epoch) for epoch in (0, 1))
    assert sorted(first[first < 10]) != sorted(second[second < 10])
    for visits in (first, second):
        mosi, meld = visits[visits < 10], visits[visits >= 10]
        assert (len(mosi), len(set(mosi.tolist()))) == (15, 10)
        assert (len(meld), len(set(meld.tolist()))) == (10, 10)
    assert epoch_visits(ids, {"mosi": 1.5, "meld": 0.25}, seed=1, epoch=0).tolist() == first.tolist()
    clips = ClipTensors(replace(make_split(50), ids=ids))
    order = training_order(clips.lengths, 8, seed=1, epoch=0, visits=first)
    assert sorted(np.concatenate(order)) == sorted(first)


def test_clips_of_a_batch_have_like_lengths(clips):
    key = clips.lengths.sort_key
    grouped = np.mean([np.ptp(key[batch]) for batch in training_order(clips.lengths, 5, seed=1, epoch=0)])
    assert grouped < 0.5 * np.ptp(key)


def test_a_batch_is_trimmed_to_its_longest_clip(clips):
    index = np.argsort(clips.lengths.audio)[:2]
    batch = clips.take(index)
    for name in ("text", "audio", "vision"):
        mask = getattr(batch, f"{name}_mask")
        assert mask.shape[1] == max(1, *(getattr(clips.lengths, name)[index]))
        assert mask.any(dim=0)[-1]
    assert batch.audio.shape[1] < AUDIO_STEPS
    split = make_split(50)
    np.testing.assert_array_equal(batch.audio, split.audio[index, : batch.audio.shape[1]])
    assert batch.ids == (split.ids[index[0]], split.ids[index[1]])
    np.testing.assert_array_equal(batch.label, split.labels["M"][index])


def test_a_modality_that_is_not_used_is_masked_and_cut_to_one_row():
    batch = ClipTensors(make_split(6), use=("text", "audio")).take(np.arange(6))
    assert not batch.vision_mask.any()
    assert batch.vision.shape[1] == 1
    assert batch.audio_mask.any(dim=1).all()
    without_text = ClipTensors(make_split(6), use=("audio", "vision")).take(np.arange(6))
    assert not without_text.token_ids.any()
    assert not without_text.text.any()


def test_text_vectors_of_another_length_than_the_tokens_are_left_whole():
    split = make_split(4)
    batch = ClipTensors(replace(split, text=split.text[:, :1])).take(np.arange(2))
    assert batch.text.shape[1] == 1
    assert batch.text_mask.shape[1] > 1


def test_a_split_is_not_changed_by_batches():
    split = make_split(5)
    before = split.audio.copy()
    ClipTensors(split, use=("text",)).take(np.arange(5)).audio.add_(1.0)
    np.testing.assert_array_equal(split.audio, before)
    assert split.audio_mask.any()


def test_an_empty_split_is_refused():
    with pytest.raises(StoreError, match="no clip"):
        ClipTensors(make_split(0))


def test_a_batch_moves_with_its_labels(clips):
    moved = clips.take(np.arange(3)).to(torch.device("meta"))
    assert moved.audio.device.type == moved.label.device.type == "meta"
