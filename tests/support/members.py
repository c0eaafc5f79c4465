"""Packs of datasets that a union joins."""

from dataclasses import replace

import numpy as np

from pipeline.core.types import SPLITS
from pipeline.packs.build.union import Member
from pipeline.packs.schema import PackCard
from tests.support.splits import DIMS, make_split

DESCRIBED = {"dataset": "mosi_meld", "pack": "text_50"}


def make_member(dataset, *, taxonomy=None, audio=True, **card):
    extractors = {"text": "bert", "vision": "face", **({"audio": "egemaps"} if audio else {})}
    splits = {split: make_split(4, seed=index, name=dataset) for index, split in enumerate(SPLITS)}
    if not audio:
        blank = {"audio": np.zeros((4, 3, 1), np.float32), "audio_mask": np.zeros((4, 3), bool)}
        splits = {split: replace(part, **blank) for split, part in splits.items()}
    names = {stream: [f"{stream}_{index}" for index in range(DIMS[stream])] for stream in ("audio", "vision")}
    described = {
        "dataset": dataset,
        "pack": "text_50",
        "num_clips": dict.fromkeys(SPLITS, 4),
        "dims": {**DIMS, **({} if audio else {"audio": 1})},
        "extractors": extractors,
        "feature_names": names if audio else {**names, "audio": ["absent"]},
        "text_weights": "minilm",
        "metrics": "emotion" if taxonomy else "mosi",
        **card,
    }
    return Member(splits, PackCard(**described), taxonomy)
