"""The two grids of packs: steps of a modality's own rate, and the sub-word tokens of the text."""

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from pipeline.config.settings import StreamPack
from pipeline.core.types import Modality
from pipeline.features.features import Features
from pipeline.packs.build.pooling import pool_to_rate, pool_to_words
from pipeline.packs.build.streams import Gridded, Stream, Text, WordTimes
from pipeline.packs.schema import AlignmentReport

Regrid = Callable[[str, Features], Gridded]


def own_rate(settings: StreamPack) -> Regrid:
    """Rows pooled to the setting's rate."""

    def regrid(clip_id: str, features: Features) -> Gridded:
        del clip_id
        rows, mask = pool_to_rate(features, settings.rate_hz, settings.pool)
        # A clip without a single measured row keeps one masked row of zeros: MMSA cannot take a length of 0.
        return (rows, mask) if mask.any() else (rows[:1] * 0, mask[:1])

    return regrid


def on_tokens(settings: StreamPack, words: Mapping[str, WordTimes], text: Text) -> Regrid:
    """Rows pooled over each token's word; special tokens, and tokens of words without rows, are masked."""

    def regrid(clip_id: str, features: Features) -> Gridded:
        timed = words[clip_id]
        values, mask = pool_to_words(features, timed.times, timed.mask, settings.pool)
        word_ids = text.word_ids[clip_id]
        is_word = word_ids >= 0
        token_mask = is_word & mask[np.maximum(word_ids, 0)]
        return np.where(token_mask[:, None], values[np.maximum(word_ids, 0)], 0).astype(np.float32), token_mask

    return regrid


def alignment_report(
    extractor: str, words: Mapping[str, WordTimes], text: Text, streams: Mapping[Modality, Stream]
) -> AlignmentReport:
    """Count how the words got their times, and the tokens left without rows."""
    missing = {
        name: sum(int(((text.word_ids[clip_id] >= 0) & ~mask).sum()) for clip_id, mask in stream.masks.items())
        for name, stream in streams.items()
    }
    return AlignmentReport(
        words=extractor,
        methods=dict(sorted(Counter(timed.method for timed in words.values()).items())),
        fallback_clips=sorted(
            clip_id for clip_id, timed in words.items() if timed.method == "proportional" or not timed.agrees
        ),
        tokens_without_rows=missing,
    )
