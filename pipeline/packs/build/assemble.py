"""From feature stores to the arrays of a pack: choose rows, put them on a grid, cut, scale, pad.

A dataset may be larger than the memory: rows on the grid are set aside on disk, and the arrays are made from them a
block of clips at a time, by who writes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.settings import PackConfig, StreamPack
from pipeline.core.errors import StoreError
from pipeline.core.types import MODALITIES, SPLITS, Modality, Split
from pipeline.packs.build.grid import Regrid, alignment_report, on_tokens, own_rate
from pipeline.packs.build.lengths import fixed_length
from pipeline.packs.build.padding import lazy_values, lazy_vectors, pad_mask, pad_tokens
from pipeline.packs.build.scaling import Scaler, fit_scaler
from pipeline.packs.build.spool import Spool
from pipeline.packs.build.streams import ABSENT, Stream, Text, WordTimes, load_stream, load_text, load_word_times
from pipeline.packs.row_arrays import RowArray
from pipeline.packs.schema import AlignmentReport, Card, Dropped, Lengths, PackSplit

_LABELS = {"M": "sentiment", "T": "sentiment_text", "A": "sentiment_audio", "V": "sentiment_vision"}
_POLARITY = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
_STREAMS: tuple[Modality, ...] = ("audio", "vision")


@dataclass(frozen=True)
class Source:
    """What a pack is made of.

    Attributes:
        labels: rows of ``labels.jsonl``, sorted by clip id.
        texts: transcripts by clip id.
        stores: feature stores by modality.
        quarantine: rows of ``quarantine.jsonl``.
        words: stores of word times, for an aligned pack.
    """

    labels: Sequence[Mapping[str, Any]]
    texts: Mapping[str, str]
    stores: Mapping[Modality, Sequence[Path]]
    quarantine: Sequence[Mapping[str, Any]]
    words: Sequence[Path] = field(default_factory=list)


@dataclass(frozen=True)
class _Parts:
    """All modalities on the pack's grid, with what fixes their padding and scale."""

    text: Text
    streams: Mapping[Modality, Stream]
    lengths: Mapping[Modality, Lengths]
    scalers: Mapping[Modality, Scaler]
    alignment: AlignmentReport | None


def assemble(
    source: Source, config: PackConfig, described: Mapping[str, Any], *, scratch: Path
) -> tuple[dict[Split, PackSplit[RowArray]], Card]:
    """Make the arrays and the card of a pack.

    Args:
        source: labels, texts, stores, quarantine.
        config: the pack's settings.
        described: facts for the card that only the caller knows (dataset, pack, label range ...).
        scratch: a folder with room for the rows of all clips while the arrays are in use.

    Raises:
        StoreError: a split would be empty.
    """
    rows, dropped = choose_rows(source, config)
    by_split = {split: [row for row in rows if row["split"] == split] for split in SPLITS}
    empty = [split for split in SPLITS if not by_split[split]]
    if empty:
        raise StoreError(
            f"pack {described['pack']} of {described['dataset']}: no clip left in {', '.join(empty)} "
            f"({len(dropped)} dropped); every split needs at least one clip"
        )
    clips = {split: [row["clip_id"] for row in by_split[split]] for split in SPLITS}
    parts = _load(source, config, clips, scratch)
    splits = {split: _split(by_split[split], source.texts, parts) for split in SPLITS}
    counts = {split: len(clips[split]) for split in SPLITS}
    return splits, _card(config, described, parts, counts, dropped)


def choose_rows(source: Source, config: PackConfig) -> tuple[list[Mapping[str, Any]], list[Dropped]]:
    """Which clips are packed, and why the others are not.

    Args:
        source: labels and quarantine.
        config: which modalities are required.

    Returns:
        Label rows of the packed clips, and the dropped ones, both sorted by clip id.
    """
    extractors = config.extractors()
    needed = {extractors[modality] for modality in config.required}
    if config.align:
        needed |= {config.align.words, extractors["text"]}
    reasons: dict[str, Mapping[str, Any]] = {}
    for row in source.quarantine:
        if row["modality"] == "table" or row["extractor"] in needed:
            reasons.setdefault(row["clip_id"], row)
    splits = {row["clip_id"]: row["split"] for row in source.labels}
    dropped = [
        Dropped(
            clip_id=clip_id,
            split=splits.get(clip_id, ""),
            modality=row["modality"],
            stage=row["stage"],
            reason=row["reason"],
        )
        for clip_id, row in sorted(reasons.items())
    ]
    return [row for row in source.labels if row["clip_id"] not in reasons], dropped


def _load(source: Source, config: PackConfig, clips: Mapping[Split, Sequence[str]], scratch: Path) -> _Parts:
    wanted, train = set(chain(*clips.values())), clips["train"]
    text = load_text(source.stores["text"], wanted, config.text.rows, values=Spool(scratch))
    words = load_word_times(source.words, wanted) if config.align else {}
    settings = config.streams()
    streams = {
        name: load_stream(
            source.stores[name], wanted, _regrid(config, settings[name], words, text), values=Spool(scratch)
        )
        if name in settings
        else ABSENT
        for name in _STREAMS
    }
    return _Parts(
        text=text,
        streams=streams,
        lengths={
            "text": text.lengths,
            **{name: _length(config, settings.get(name), streams[name], train, text) for name in _STREAMS},
        },
        scalers={
            name: fit_scaler(settings[name].normalise, streams[name].values, streams[name].masks, train)
            for name in settings
        },
        alignment=alignment_report(config.align.words, words, text, streams) if config.align else None,
    )


def _regrid(config: PackConfig, settings: StreamPack, words: Mapping[str, WordTimes], text: Text) -> Regrid:
    return on_tokens(settings, words, text) if config.align else own_rate(settings)


def _length(
    config: PackConfig, settings: StreamPack | None, stream: Stream, train: Sequence[str], text: Text
) -> Lengths:
    """In an aligned pack the text's length, else the modality's own policy; MMSA's models want the text's at least."""
    if config.align:
        return text.lengths
    if settings is None:
        return text.lengths.model_copy(update={"policy": "not packed", "longest": 0, "clips_cut": 0, "rows_cut": 0})
    counts = {clip_id: len(mask) for clip_id, mask in stream.masks.items()}
    return fixed_length(settings.length, counts, set(train), at_least=config.text.rows)


def _split(rows: Sequence[Mapping[str, Any]], texts: Mapping[str, str], parts: _Parts) -> PackSplit[RowArray]:
    ids = [row["clip_id"] for row in rows]
    padded = {name: (ids, parts.lengths[name].padded, parts.scalers.get(name)) for name in _STREAMS}
    masks = {name: pad_mask(parts.streams[name], *padded[name]) for name in _STREAMS}
    aligned = parts.alignment is not None
    return PackSplit(
        ids=ids,
        raw_text=[texts[clip_id] for clip_id in ids],
        text=lazy_vectors(parts.text, ids),
        text_bert=pad_tokens(parts.text, ids),
        audio=lazy_values(parts.streams["audio"], *padded["audio"]),
        vision=lazy_values(parts.streams["vision"], *padded["vision"]),
        audio_lengths=None if aligned else masks["audio"][1],
        vision_lengths=None if aligned else masks["vision"][1],
        audio_mask=masks["audio"][0],
        vision_mask=masks["vision"][0],
        labels=_labels(rows),
        annotations=[row["annotation"] or row["emotion"] or "" for row in rows],
    )


def _labels(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Labels that every row has; where a dataset gives an emotion only, M is the sign of its polarity."""
    labels = {"M": np.array([_sentiment(row) for row in rows], np.float32)}
    for which, column in _LABELS.items():
        values = [row[column] for row in rows]
        if which != "M" and all(value is not None for value in values):
            labels[which] = np.array(values, np.float32)
    return labels


def _sentiment(row: Mapping[str, Any]) -> float:
    return _POLARITY.get(row["polarity"], 0.0) if row["sentiment"] is None else row["sentiment"]


def _card(
    config: PackConfig,
    described: Mapping[str, Any],
    parts: _Parts,
    counts: Mapping[Split, int],
    dropped: Sequence[Dropped],
) -> Card:
    streams: dict[Modality, Stream] = {"text": parts.text.vectors, **parts.streams}
    vision = parts.streams["vision"].masks
    return Card(
        **described,
        aligned=config.align is not None,
        num_clips=dict(counts),
        dims={name: len(streams[name].names) for name in MODALITIES},
        extractors=config.extractors(),
        feature_names={name: list(streams[name].names) for name in _STREAMS},
        rate_hz={} if config.align else {name: stream.rate_hz for name, stream in config.streams().items()},
        lengths=dict(parts.lengths),
        normalisation={name: scaler.described() for name, scaler in parts.scalers.items()},
        alignment=parts.alignment,
        faceless=sorted(clip_id for clip_id, mask in vision.items() if not mask.any()),
        dropped=list(dropped),
        settings=config.model_dump(mode="json"),
        identities={extractor: streams[name].identity for name, extractor in config.extractors().items()},
    )
