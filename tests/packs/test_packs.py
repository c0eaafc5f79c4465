"""Packs: the files agree, have the same bytes every time, run no code, and are judged by MMSA's rules."""

import os
import pickle
from dataclasses import replace

import numpy as np
import pytest

from pipeline.config.settings import Length
from pipeline.core.errors import StoreError
from pipeline.core.types import SPLITS
from pipeline.features.features import Features
from pipeline.packs.build.imported import import_splits
from pipeline.packs.build.lengths import fixed_length
from pipeline.packs.build.pooling import pool_to_rate
from pipeline.packs.formats.files import read_pickle, read_split, to_arrays, write_h5, write_pickle
from pipeline.packs.mmsa_rules import check
from pipeline.packs.schema import PackSplit


def make_split(split: str, clips: int = 6) -> PackSplit:
    rng = np.random.default_rng(len(split))
    tokens, steps = 10, 25
    mask = np.arange(tokens)[None] < rng.integers(3, tokens, clips)[:, None]
    text_bert = np.stack([rng.integers(1, 99, mask.shape) * mask, mask, 0 * mask], 1).astype(np.float32)
    lengths = rng.integers(1, steps + 1, clips)
    rows = np.arange(steps)[None] < lengths[:, None]
    return PackSplit(
        ids=[f"{split}$_${i}" for i in range(clips)],
        raw_text=[f"word é {i}" for i in range(clips)],
        text=(rng.normal(size=(clips, tokens, 768)) * mask[..., None]).astype(np.float32),
        text_bert=text_bert,
        audio=(rng.normal(size=(clips, steps, 4)) * rows[..., None]).astype(np.float32),
        vision=(rng.normal(size=(clips, steps, 3)) * rows[..., None]).astype(np.float32),
        audio_lengths=lengths,
        vision_lengths=lengths,
        audio_mask=rows,
        vision_mask=rows,
        labels={"M": rng.uniform(-3, 3, clips).astype(np.float32)},
        annotations=["Positive"] * clips,
    )


@pytest.fixture
def splits():
    return {split: make_split(split) for split in SPLITS}


def test_pickle_and_hdf5_hold_the_same_arrays(tmp_path, splits):
    write_pickle(tmp_path / "p.pkl", splits)
    write_h5(tmp_path / "p.h5", splits)
    pickled = read_pickle(tmp_path / "p.pkl")
    for split in SPLITS:
        from_h5 = to_arrays(read_split(tmp_path / "p.h5", split))
        assert from_h5.keys() == pickled[split].keys()
        for key, array in from_h5.items():
            np.testing.assert_array_equal(array, pickled[split][key])
            np.testing.assert_array_equal(array, to_arrays(splits[split])[key])


def test_writing_twice_gives_the_same_bytes(tmp_path, splits):
    for name in ("a", "b"):
        write_pickle(tmp_path / f"{name}.pkl", splits)
        write_h5(tmp_path / f"{name}.h5", {split: make_split(split) for split in SPLITS})
    assert (tmp_path / "a.pkl").read_bytes() == (tmp_path / "b.pkl").read_bytes()
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_malicious_pickle_runs_nothing(tmp_path, splits):
    trap = tmp_path / "ran"
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps({"train": Malicious(str(trap)), "valid": {}, "test": {}}))
    with pytest.raises(StoreError, match="do not trust this file"):
        read_pickle(tmp_path / "bad.pkl")
    assert not trap.exists()
    pickle.loads((tmp_path / "bad.pkl").read_bytes())
    assert trap.exists(), "the trap itself must work, or this test proves nothing"


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps([1, 2]), pickle.dumps({"train": {}})])
def test_what_is_no_pack_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(StoreError, match=r"x\.pkl") as caught:
        read_pickle(tmp_path / "x.pkl")
    assert "\n" not in str(caught.value)


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
def test_each_broken_rule_is_found_where_it_is(splits, key, value, where):
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
    assert any("stand in train and in test" in finding.what for finding in errors(arrays))


def test_an_imported_pickle_is_mended_counted_and_scaled_by_train(splits):
    content = {name: to_arrays(split) for name, split in splits.items()}
    audio = content["train"]["audio"].copy()
    audio[0, 0, 0] = -np.inf
    content["train"]["audio"] = audio * 100 + 5
    described = {"dataset": "toy", "pack": "imported"}
    made, card = import_splits(content, described, normalise=True)
    assert card.not_finite == {"audio": 1, "vision": 0}
    measured = made["train"].audio[made["train"].audio_mask]
    np.testing.assert_allclose(measured.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(measured.std(0), 1, atol=1e-4)
    assert not made["train"].audio[~made["train"].audio_mask].any()


def test_pooling_averages_measured_rows_by_their_centre():
    times = np.stack([np.arange(10) * 0.1, np.arange(10) * 0.1 + 0.1], 1)
    values = np.arange(10, dtype=np.float32)[:, None].copy()
    mask = np.ones(10, bool)
    mask[[0, 1]] = False
    values[:2] = 0
    pooled, measured = pool_to_rate(Features(values, times, mask), 5.0)
    np.testing.assert_allclose(pooled[:, 0], [0, 2.5, 4.5, 6.5, 8.5])
    assert measured.tolist() == [False, True, True, True, True]


def test_length_follows_the_train_clips_alone_and_tells_what_it_cut():
    counts = {"a": 10, "b": 30, "c": 500}
    made = fixed_length(Length(percentile=100, multiple_of=25), counts, {"a", "b"}, at_least=5)
    assert (made.padded, made.longest, made.clips_cut, made.rows_cut) == (50, 500, 1, 450)
    assert fixed_length(Length(rows=20, multiple_of=1), counts, set(), at_least=60).padded == 60


def test_an_aligned_split_has_no_lengths(splits):
    aligned = replace(splits["train"], audio_lengths=None, vision_lengths=None)
    assert not {"audio_lengths", "vision_lengths"} & to_arrays(aligned).keys()
