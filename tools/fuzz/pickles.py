"""Pickled packs, as ``convert``, ``inspect`` and the reader ``pickled`` read them."""

import pickle

import numpy as np

from pipeline.core.errors import PipelineError
from pipeline.packs.build.imported import import_splits
from pipeline.packs.formats.contents import plain
from pipeline.packs.formats.files import read_pickle
from pipeline.packs.mmsa_rules import check as judge
from tools.fuzz.files import file_of

_SPLIT = {
    "id": ["a$_$1"],
    "raw_text": np.array(["so"]),
    "text": np.zeros((1, 3, 2), np.float32),
    "text_bert": np.ones((1, 3, 3), np.int64),
    "audio": np.zeros((1, 3, 1)),
    "vision": np.zeros((1, 3, 1), np.float32),
    "audio_lengths": [3],
    "vision_lengths": np.array([2]),
    "annotations": ["Positive"],
    "regression_labels": np.array([1.5], np.float32),
}
PACK = {"train": _SPLIT, "valid": {**_SPLIT, "id": ["b"]}, "test": {**_SPLIT, "id": np.array(["c"], object)}}
CARD = {
    "dataset": "a", "pack": "b", "label_range": (-3.0, 3.0), "metrics": "mosi", "language": "en", "versions": {},
    "text_weights": "bert-base-uncased", "inputs": "",
}  # fmt: skip
SEEDS = [pickle.dumps(content, protocol) for content in (PACK, {name: {} for name in PACK}) for protocol in (0, 2, 4)]


def check(data: bytes) -> None:
    """Read the pickle in every way that the pipeline does."""
    path = file_of(data, "pack.pkl")
    for use in (_convert, _judge, _import):
        try:
            use(read_pickle(path))
        except PipelineError:
            continue


def _convert(content) -> None:
    plain(content, "pack.pkl")


def _judge(content) -> None:
    judge(content)


def _import(content) -> None:
    import_splits(content, CARD, normalise=True)
