"""Clips for feature stores."""

import numpy as np

from pipeline.features.features import Features
from pipeline.features.store import Header, StoreEntry

HEADER = Header("toy", "f" * 64, ("a", "b", "c"))


def make_features(seed: int, frames: int = 400) -> Features:
    rng = np.random.default_rng(seed)
    times = np.stack([np.arange(frames), np.arange(frames) + 1], 1) / 25.0
    mask = rng.random(frames) > 0.2
    values = rng.normal(size=(frames, 3)).astype(np.float32) * mask[:, None]
    extras = {"ids": rng.integers(0, 9, 7).astype(np.int32)}
    return Features(values, times, mask, extras, {"faces": 0.5, "crop": "none"})


def new(clip_id: str, seed: int) -> StoreEntry:
    return StoreEntry(clip_id, "k" + clip_id, make_features(seed))
