"""New clips on the grid of a finished pack: its rate, lengths and scale; nothing is fitted on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.core.types import Modality
from pipeline.packs.build.grid import PackGrid, put_on_grid
from pipeline.packs.build.streams import ExtractedClip, WordTimes
from pipeline.packs.schema import PackCard, PackSplit


@dataclass(frozen=True)
class NewClips:
    """What was extracted of some clips.

    Attributes:
        ids: the clips, each once.
        texts: transcripts by clip id; a clip without one is not in it.
        features: by extractor; a clip that an extractor could not process, or was not given to, is not in it.
    """

    ids: Sequence[str]
    texts: Mapping[str, str]
    features: Mapping[str, Sequence[ExtractedClip]] = field(default_factory=dict)


@dataclass(frozen=True)
class PackedClips:
    """New clips as a split of the pack.

    Attributes:
        split: the arrays; labels are 0, a modality that a clip lacks is masked.
        rows: rows on the pack's grid before cutting, by modality and clip id.
        words: how the words got their times, by clip id; for an aligned pack only.
    """

    split: PackSplit
    rows: Mapping[Modality, Mapping[str, int]]
    words: Mapping[str, WordTimes]


def pack_new_clips(new: NewClips, card: PackCard) -> PackedClips:
    """Put new clips onto the grid of a pack.

    Args:
        new: the clips with their features.
        card: settings, lengths and scale of the pack.

    Raises:
        StoreError: an extractor gives other columns than those of the pack.
    """
    grid = PackGrid.from_card(card)
    config = grid.config
    extracted = {modality: new.features.get(name, ()) for modality, name in config.extractors().items()}
    clips = put_on_grid(config, extracted, new.features.get(config.align.words, ()) if config.align else ())
    split = grid.split(
        clips,
        new.ids,
        raw_text=[new.texts.get(clip_id, "") for clip_id in new.ids],
        labels={"M": np.zeros(len(new.ids), np.float32)},
        annotations=[""] * len(new.ids),
    )
    tokens = {clip_id: len(features.values) for clip_id, features, _ in extracted["text"]}
    rows = {name: {key: len(mask) for key, mask in stream.masks.items()} for name, stream in clips.streams.items()}
    return PackedClips(split.load(), rows={"text": tokens, **rows}, words=clips.words)
