"""New clips on the grid of a finished pack: its rate, its lengths, its scale; nothing is learnt from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.config.loading import validated
from pipeline.config.settings import PackConfig, StreamPack
from pipeline.core.errors import StoreError
from pipeline.core.types import Modality
from pipeline.packs.build.grid import Regrid, on_tokens, own_rate
from pipeline.packs.build.padding import Padded, lazy_vectors, pad, pad_tokens
from pipeline.packs.build.scaling import scaler_of
from pipeline.packs.build.streams import ABSENT, Extracted, Stream, Text, WordTimes, stream_of, text_of, word_times_of
from pipeline.packs.schema import Card, PackSplit

_STREAMS: tuple[Modality, ...] = ("audio", "vision")


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
    features: Mapping[str, Sequence[Extracted]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fitted:
    """New clips as a split of the pack.

    Attributes:
        split: the arrays; labels are 0, a modality that a clip lacks is masked.
        rows: rows on the pack's grid before cutting, by modality and clip id.
        words: how the words got their times, by clip id; for an aligned pack only.
    """

    split: PackSplit
    rows: Mapping[Modality, Mapping[str, int]]
    words: Mapping[str, WordTimes]


def fit_to_pack(clips: NewClips, card: Card) -> Fitted:
    """Put new clips onto the grid of a pack.

    Args:
        clips: their features.
        card: settings, lengths and scale of the pack.

    Raises:
        StoreError: an extractor gives other columns than those of the pack.
    """
    config = validated(PackConfig, card.settings, f"settings of pack {card.pack}")
    extracted = {modality: clips.features.get(name, []) for modality, name in config.extractors().items()}
    text = text_of(extracted["text"], config.text.rows)
    words = word_times_of(clips.features.get(config.align.words, [])) if config.align else {}
    gridded = words.keys() & text.tokens.keys() if config.align else set(clips.ids)
    settings = config.streams()
    streams = {
        name: stream_of(
            (clip for clip in extracted[name] if clip[0] in gridded),
            _regrid(config, settings[name], words, text),
        )
        if name in settings
        else ABSENT
        for name in _STREAMS
    }
    all_streams: dict[Modality, Stream] = {"text": text.vectors, **streams}
    checked = {name: _with_names(stream, name, card) for name, stream in all_streams.items()}
    padded = {name: _padded(checked[name], clips.ids, name, card) for name in _STREAMS}
    tokens = {clip_id: len(features.values) for clip_id, features, _ in extracted["text"]}
    steps = {name: {key: len(mask) for key, mask in streams[name].masks.items()} for name in _STREAMS}
    split = _split(clips, replace(text, vectors=checked["text"]), padded, card)
    return Fitted(split, rows={"text": tokens, **steps}, words=words)


def _regrid(config: PackConfig, settings: StreamPack, words: Mapping[str, WordTimes], text: Text) -> Regrid:
    return on_tokens(settings, words, text) if config.align else own_rate(settings)


def _with_names(stream: Stream, modality: Modality, card: Card) -> Stream:
    """The stream with as many columns as the pack has, also where no clip has the modality."""
    expected = tuple(card.feature_names.get(modality, ())) or ("",) * card.dims[modality]
    if stream.names and (len(stream.names) != len(expected) or (any(expected) and stream.names != expected)):
        raise StoreError(
            f"{card.extractors[modality]} gives other columns than pack {card.pack} has ({len(stream.names)} and "
            f"{len(expected)}); make the pack and the run anew"
        )
    return replace(stream, names=expected)


def _padded(stream: Stream, ids: Sequence[str], modality: Modality, card: Card) -> Padded:
    kept = card.normalisation.get(modality)
    scaler = scaler_of(kept, card.dims[modality]) if kept else None
    return pad(stream, ids, card.lengths[modality].padded, scaler)


def _split(clips: NewClips, text: Text, padded: Mapping[Modality, Padded], card: Card) -> PackSplit:
    return PackSplit(
        ids=list(clips.ids),
        raw_text=[clips.texts.get(clip_id, "") for clip_id in clips.ids],
        text=lazy_vectors(text, clips.ids)[:],
        text_bert=pad_tokens(text, clips.ids),
        audio=padded["audio"].values,
        vision=padded["vision"].values,
        audio_lengths=None if card.aligned else padded["audio"].lengths,
        vision_lengths=None if card.aligned else padded["vision"].lengths,
        audio_mask=padded["audio"].mask,
        vision_mask=padded["vision"].mask,
        labels={"M": np.zeros(len(clips.ids), np.float32)},
        annotations=[""] * len(clips.ids),
    )
