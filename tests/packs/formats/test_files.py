"""Packs on disk: pickle and HDF5 have the same content, the same bytes every time, and run no code on reading."""

import os
import pickle
from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.errors import StoreError
from pipeline.core.types import SPLITS
from pipeline.packs.formats.files import read_pickle, read_split, to_arrays, write_h5, write_pickle
from tests.support.splits import make_splits


@pytest.fixture
def splits():
    return make_splits()


def test_pickle_and_hdf5_contain_the_same_arrays(tmp_path, splits):
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
        write_h5(tmp_path / f"{name}.h5", make_splits())
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
def test_a_file_that_is_no_pack_is_a_one_line_error(tmp_path, content):
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(StoreError, match=r"x\.pkl") as caught:
        read_pickle(tmp_path / "x.pkl")
    assert "\n" not in str(caught.value)


def test_an_aligned_split_has_no_lengths(splits):
    aligned = replace(splits["train"], audio_lengths=None, vision_lengths=None)
    assert not {"audio_lengths", "vision_lengths"} & to_arrays(aligned).keys()
