"""Packs larger than the memory: written a block at a time, with the bytes of a pack in memory."""

import pickle

import h5py
import numpy as np
import pytest

from models.layers.universal_label import UniversalLabel
from pipeline.core.types import SPLITS
from pipeline.packs import row_arrays
from pipeline.packs.build.union import Member, unite
from pipeline.packs.formats import mmsa_pickle
from pipeline.packs.formats.contents import write_contents
from pipeline.packs.formats.files import open_splits, to_arrays, write_h5, write_pickle
from pipeline.packs.row_arrays import Computed, joined, zeros
from tests.support.members import DESCRIBED, make_member
from tests.support.splits import make_splits


@pytest.fixture
def contents():
    splits = {name: to_arrays(split) for name, split in make_splits(40).items()}
    for arrays in splits.values():  # many small arrays, so that the pickle has several frames
        arrays |= {f"odd{index:02}": np.arange(index * 700, dtype=np.float32) for index in range(30)}
    return splits


@pytest.fixture
def requested(monkeypatch):
    """Arrays are written in blocks of 300 kB; the largest number of bytes that was requested at once."""
    monkeypatch.setattr(row_arrays, "_BLOCK_BYTES", 300_000)
    return []


def lazily(contents, requested):
    def lazy(array):
        def compute(rows):
            requested.append(array[rows.start : rows.stop].nbytes)
            return array[rows.start : rows.stop].copy()

        return Computed(array.shape, array.dtype, compute)

    return {split: {k: lazy(a) if a.ndim > 1 else a for k, a in arrays.items()} for split, arrays in contents.items()}


def test_a_streamed_pickle_has_the_bytes_of_the_standard_one(tmp_path, contents, requested):
    expected = pickle.dumps(contents, protocol=4)
    mmsa_pickle.dump(contents, tmp_path / "whole.pkl")
    mmsa_pickle.dump(lazily(contents, requested), tmp_path / "lazy.pkl")
    assert (tmp_path / "whole.pkl").read_bytes() == expected
    assert (tmp_path / "lazy.pkl").read_bytes() == expected
    assert max(requested) <= 300_000 < contents["train"]["text"].nbytes


def test_an_array_past_four_gigabytes_gets_the_long_opcode(tmp_path, monkeypatch, contents):
    monkeypatch.setattr(mmsa_pickle, "_LARGEST_BINBYTES", 100_000)
    mmsa_pickle.dump(contents, tmp_path / "long.pkl")
    content = (tmp_path / "long.pkl").read_bytes()
    assert pickle.BINBYTES8 + contents["train"]["text"].nbytes.to_bytes(8, "little") in content
    np.testing.assert_array_equal(pickle.loads(content)["test"]["text"], contents["test"]["text"])


def test_a_streamed_hdf5_has_the_bytes_of_a_whole_one(tmp_path, monkeypatch, contents, requested):
    write_contents(tmp_path / "lazy.h5", lazily(contents, requested))
    monkeypatch.setattr(row_arrays, "_BLOCK_BYTES", 1 << 30)
    write_contents(tmp_path / "whole.h5", contents)
    assert (tmp_path / "lazy.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert max(requested) < contents["train"]["text"].nbytes


def test_joined_rows_are_those_of_concatenated_arrays(tmp_path):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in ((7, 2, 3), (1, 5, 3), (9, 4, 3))]
    chosen = [np.array([0, 2, 3, 6]), np.array([], int), np.array([1, 8])]
    padded = [np.pad(a[rows], [(0, 0), (0, 5 - a.shape[1]), (0, 0)]) for a, rows in zip(arrays, chosen, strict=True)]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        rows = joined([file.create_dataset(str(i), data=array) for i, array in enumerate(arrays)], chosen)
        for start in range(7):
            for stop in range(start, 7):
                np.testing.assert_array_equal(rows[start:stop], np.concatenate(padded)[start:stop])
    assert joined([zeros((3, 2, 1), np.dtype(bool))], [np.arange(3)])[:].tolist() == [[[False]] * 2] * 3


def test_a_union_of_packs_on_disk_is_that_of_packs_in_memory(tmp_path):
    members = {"mosi": make_member("mosi"), "meld": make_member("meld", taxonomy="meld", audio=False)}
    ids = {(name, split): member.splits[split].ids for name, member in members.items() for split in SPLITS}
    labels = {(*key, clip_id): UniversalLabel("positive", 12, meld="joy") for key in ids for clip_id in ids[key]}
    labels["mosi", "train", ids["mosi", "train"][1]] = UniversalLabel("positive", 12)
    for name, member in members.items():
        write_h5(tmp_path / f"{name}.h5", member.splits)
    write_pickle(tmp_path / "memory.pkl", unite(members, labels, DESCRIBED)[0])
    with open_splits(tmp_path / "mosi.h5") as mosi, open_splits(tmp_path / "meld.h5") as meld:
        on_disk = {
            name: Member(splits, members[name].card, members[name].taxonomy)
            for name, splits in (("mosi", mosi), ("meld", meld))
        }
        write_pickle(tmp_path / "disk.pkl", unite(on_disk, labels, DESCRIBED)[0])
    assert (tmp_path / "disk.pkl").read_bytes() == (tmp_path / "memory.pkl").read_bytes()
