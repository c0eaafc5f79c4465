"""What fuzzing found (docs/reliability.md), and problems met while writing its targets, are read or refused."""

import pickle
import tracemalloc

import numpy as np
import pytest

from models._unimse.label_grammar import parse_label
from models.layers.universal_label import parse_universal
from pipeline.core.errors import StoreError
from pipeline.index.manifest import read_jsonl
from pipeline.packs.build.imported import import_splits
from pipeline.packs.formats.files import read_pickle
from pipeline.packs.formats.mmsa_pickle import load
from pipeline.packs.mmsa_rules import check
from tools.corpus.packs import Calls
from tools.fuzz import cards, labels, pickles, tables, word_times

MEMO = b"\x80\x02Nr\xff\xff\xff\x0f."  # None, kept at place 268,435,455 of the memo


def packed(**changed):
    return {split: {**arrays, **changed} for split, arrays in pickles.PACK.items()}


@pytest.mark.parametrize("target", [cards, labels, pickles, tables, word_times])
def test_seeds_are_no_findings(target):
    for seed in target.SEEDS:
        target.check(seed)


def test_a_key_that_is_no_name_is_refused(tmp_path):
    (tmp_path / "pack.pkl").write_bytes(pickle.dumps(packed() | {"train": {("audio",): 1, "audio": 2}}))
    with pytest.raises(StoreError, match="is a tuple; expected names of arrays"):
        read_pickle(tmp_path / "pack.pkl")


# NumPy crashes the process, or leads to a SystemError, on states like these.
MADE_UP_STATES = {
    "values that are not there": (1, (2,), np.dtype("O"), False, ["a"]),
    "a shape below zero": (1, (-1,), np.dtype("f4"), False, b""),
    "no type": (1, (1,), "f4", False, b"abcd"),
    "objects as bytes": (1, (1,), np.dtype("O"), False, b"12345678"),
    "numbers as a list": (1, (1,), np.dtype("f4"), False, [1.0]),
    "too few entries": (1, 2),
    "no character": (1, (1,), np.dtype("U1"), False, b"\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("state", MADE_UP_STATES.values(), ids=MADE_UP_STATES)
def test_a_made_up_state_of_an_array_is_refused(tmp_path, state):
    class Array:
        def __reduce__(self):
            return (*np.zeros(0).__reduce__()[:2], state)

    (tmp_path / "pack.pkl").write_bytes(pickle.dumps(packed(audio=Array())))
    with pytest.raises(StoreError, match=r"^pack.pkl: "):
        read_pickle(tmp_path / "pack.pkl")


def test_only_arrays_are_given_a_state(tmp_path):
    (tmp_path / "pack.pkl").write_bytes(b"\x80\x02cnumpy\nndarray\n}b.")
    with pytest.raises(StoreError, match="gives a state to a type; expected an array"):
        read_pickle(tmp_path / "pack.pkl")


ARRAYS = [
    np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), np.arange(4, dtype=">f4"),
    np.array(["ab", "c"]), np.array([b"x", b"yz"]), np.array(["a", "bc"], object), np.zeros((0, 3)), np.array(3),
    np.array([True, False]), np.float32(2.5), np.int64(3),
]  # fmt: skip


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_all_kinds_and_protocols_come_back(tmp_path, protocol):
    (tmp_path / "pack.pkl").write_bytes(pickle.dumps([*ARRAYS, ARRAYS[0]], protocol))
    back = load(tmp_path / "pack.pkl")
    for array, before in zip(back, ARRAYS, strict=False):
        assert (type(array), array.dtype, array.shape) == (type(before), before.dtype, before.shape)
        np.testing.assert_array_equal(array, before)
    assert back[-1] is back[0]


# 4 GB that do not follow, as a bytearray, as bytes, as a string, as a frame.
ANNOUNCED = [b"\x80\x05" + code + b"\x00\x00\x00\x00\x01\x00\x00\x00." for code in (b"\x96", b"\x8e", b"\x8d", b"\x95")]


@pytest.mark.parametrize("content", [MEMO, *ANNOUNCED])
def test_a_few_bytes_do_not_take_four_gigabytes(content):
    tracemalloc.start()
    pickles.check(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6


def test_what_takes_far_more_memory_than_its_file_is_refused(tmp_path):
    many = [0] * 100
    for _ in range(5):
        many = [many] * 100
    (tmp_path / "pack.pkl").write_bytes(pickle.dumps(packed(audio=many)))
    with pytest.raises(StoreError, match="bytes, more than a file of"):
        read_pickle(tmp_path / "pack.pkl")


def test_an_array_that_nothing_fills_is_not_made(tmp_path):
    (tmp_path / "pack.pkl").write_bytes(pickle.dumps(packed(audio=Calls(np.ndarray, (1 << 31,), "u1"))))
    with pytest.raises(StoreError, match="not a readable pickle"):
        read_pickle(tmp_path / "pack.pkl")


ODD = [
    {"regression_labels": [[1.0], [2.0, 3.0]]},
    {"regression_labels": 5}, {"id": None}, {"audio": [[1.0], [2.0, 3.0]]}, {"audio": np.zeros((1, 3))},
    {"vision": np.array([[["a"]]])}, {"text_bert": np.zeros((1, 0, 3))}, {"audio_lengths": np.zeros((1, 0))},
    {"vision_lengths": ["a"]}, {"audio_lengths": [[1, 2]]}, {"regression_labels": np.zeros((1, 0))},
]  # fmt: skip


@pytest.mark.parametrize("changed", ODD, ids=str)
def test_arrays_of_odd_kinds_and_shapes_are_reported(changed):
    assert any(finding.level == "error" for finding in check(packed(**changed)))
    with pytest.raises(StoreError):
        import_splits(packed(**changed), pickles.CARD, normalise=True)


@pytest.mark.parametrize("line", [b"[1]", b"[" * 100_000])
def test_a_line_that_is_no_row_is_refused(tmp_path, line):
    (tmp_path / "rows.jsonl").write_bytes(b'{"a": 1}\n' + line + b"\n")
    with pytest.raises(StoreError, match="line 2: not readable JSON lines"):
        read_jsonl(tmp_path / "rows.jsonl")


@pytest.mark.parametrize("size", ["1233333333333333333333333333.5", "\u0661.\u0661", "1000.0"])
def test_sizes_that_no_label_has_are_refused(size):
    with pytest.raises(ValueError, match="no label"):
        parse_label(f"positive {size}")
    with pytest.raises(ValueError, match="no label"):
        parse_universal(f"positive {size}", ("intensity",))
