"""Each of MMSA's rules is checked, and a violation names its array."""

import numpy as np
import pytest

from pipeline.packs.formats.files import to_arrays
from pipeline.packs.mmsa_rules import check
from tests.support.splits import make_splits


@pytest.fixture
def splits():
    return make_splits()


def errors(splits):
    return [finding for finding in check(splits) if finding.level == "error"]


def test_a_sound_pack_has_no_errors(splits):
    assert errors({name: to_arrays(split) for name, split in splits.items()}) == []


def _broken(arrays, key, value):
    arrays["train"][key] = value(arrays["train"][key]) if callable(value) else value
    return arrays


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("vision_lengths", lambda a: a * 0, "train.vision_lengths"),
        ("audio_lengths", lambda a: a + 30, "train.audio_lengths"),
        ("audio", lambda a: a[:, ::-1], "train.audio"),
        ("audio", lambda a: np.where(a == a.max(), np.nan, a), "train.audio"),
        ("text", lambda a: a[:, :, 0], "train.text"),
        ("text_bert", lambda a: a[:, :, ::-1], "train.text_bert"),
        ("text_bert", lambda a: a[:, :2], "train.text_bert"),
        ("regression_labels", lambda a: a * 0, "train.regression_labels"),
        ("id", lambda a: a[[0, 0, 1, 2, 3, 4]], "train.id"),
        ("id", lambda a: a[:4], "train.id"),
        ("vision", lambda a: a[:, :, :2], "vision"),
    ],
)
def test_each_violation_is_reported_where_it_is(splits, key, value, where):
    arrays = _broken({name: to_arrays(split) for name, split in splits.items()}, key, value)
    assert where in {finding.where for finding in errors(arrays)}


def test_a_missing_split_or_key_is_an_error(splits):
    arrays = {name: to_arrays(split) for name, split in splits.items()}
    assert errors({name: arrays[name] for name in ("train", "test")})[0].where == "valid"
    del arrays["test"]["vision"]
    assert "vision" in errors(arrays)[0].what


def test_leaking_clips_between_splits_is_an_error(splits):
    arrays = {name: to_arrays(split) for name, split in splits.items()}
    arrays["test"]["id"] = arrays["train"]["id"]
    assert any("are in train and in test" in finding.what for finding in errors(arrays))
