"""Packs of several datasets as one."""

import numpy as np
import pytest

from models.layers.universal_label import UniversalLabel
from pipeline.core.errors import StoreError
from pipeline.core.types import SPLITS
from pipeline.packs.build.union import unite
from tests.support.members import DESCRIBED, make_member
from tests.support.splits import AUDIO_STEPS, DIMS


@pytest.fixture
def members():
    return {"mosi": make_member("mosi"), "meld": make_member("meld", taxonomy="meld", audio=False)}


@pytest.fixture
def labels(members):
    return {
        (name, split, clip_id): UniversalLabel("positive", 12, meld="joy")
        for name, member in members.items()
        for split in SPLITS
        for clip_id in member.splits[split].ids
    }


def test_clips_of_all_datasets_are_concatenated(members, labels):
    splits, card = unite(members, labels, DESCRIBED)
    train = splits["train"]
    assert train.ids == [f"{name}/{clip_id}" for name in members for clip_id in members[name].splits["train"].ids]
    assert card.members == {"mosi": "mosi", "meld": "emotion"}
    assert train.annotations == ["joy"] * 8
    np.testing.assert_array_equal(train.labels["M"][:4], members["mosi"].splits["train"].labels["M"])
    np.testing.assert_allclose(train.labels["M"][4:], 1.2)
    np.testing.assert_array_equal(train.vision[4:], members["meld"].splits["train"].vision)


def test_a_modality_that_one_dataset_lacks_is_masked_there(members, labels):
    splits, card = unite(members, labels, DESCRIBED)
    assert splits["train"].audio.shape == (8, AUDIO_STEPS, DIMS["audio"])
    assert not splits["train"].audio[4:].any()
    assert not splits["train"].audio_mask[4:].any()
    assert splits["train"].audio_mask[:4].any()
    assert card.feature_names["audio"] == members["mosi"].card.feature_names["audio"]


def test_a_train_clip_without_a_whole_label_is_left_out_and_named(members, labels):
    first = members["mosi"].splits["train"].ids[0]
    labels["mosi", "train", first] = UniversalLabel("positive", 12)
    labels["mosi", "test", first] = UniversalLabel("positive", 12)
    splits, card = unite(members, labels, DESCRIBED)
    assert (len(splits["train"]), len(splits["test"])) == (7, 8)
    assert [(row.clip_id, row.reason) for row in card.dropped] == [
        (f"mosi/{first}", "no emotion of MELD could be borrowed")
    ]
    assert splits["test"].annotations[0] == "unknown"


def test_incompatible_packs_are_refused(members, labels):
    other = {**members, "meld": make_member("meld", taxonomy="meld", text_weights="bert-base")}
    with pytest.raises(StoreError, match=r"differ in text_weights \(mosi minilm, meld bert-base\)"):
        unite(other, labels, DESCRIBED)
    names = {"audio": ["other"] * DIMS["audio"], "vision": members["mosi"].card.feature_names["vision"]}
    other = {**members, "meld": make_member("meld", taxonomy="meld", feature_names=names)}
    with pytest.raises(StoreError, match="differ in their audio features"):
        unite(other, labels, DESCRIBED)
    labels.pop(("meld", "valid", members["meld"].splits["valid"].ids[0]))
    with pytest.raises(StoreError, match="has no universal label"):
        unite(members, labels, DESCRIBED)
