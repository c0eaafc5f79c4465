"""Stored features as if they were new: they must land on the arrays of their own pack."""

from pathlib import Path

import numpy as np

from pipeline.core.types import Split
from pipeline.packs.build.new_clips import NewClips, pack_new_clips
from pipeline.packs.build.streams import stored_clips
from pipeline.packs.formats.files import read_split
from pipeline.packs.schema import PackCard


def assert_fits(dataset: Path, card: PackCard, split_name: Split) -> None:
    """Compare all arrays of a split, bit by bit."""
    split = read_split(dataset / "packs" / f"{card.pack}.h5", split_name)
    names = [*card.extractors.values(), *([card.alignment.words] if card.alignment else [])]
    features = {
        name: list(stored_clips(sorted((dataset / "features" / name).glob("*.h5")), set(split.ids))) for name in names
    }
    texts = dict(zip(split.ids, split.raw_text, strict=True))
    fitted = pack_new_clips(NewClips(split.ids, texts, features), card).split
    for field in ("text", "text_bert", "audio", "vision", "audio_mask", "vision_mask", "audio_lengths"):
        np.testing.assert_array_equal(getattr(fitted, field), getattr(split, field))
