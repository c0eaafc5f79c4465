"""From feature stores to the arrays of a pack: choose rows, pool, cut, scale, pad."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.align import pool_to_rate
from pipeline.config.settings import PackConfig, StreamPack
from pipeline.errors import StoreError
from pipeline.features import Features
from pipeline.pack.lengths import fixed_length
from pipeline.pack.scaling import Scaler, fit_scaler
from pipeline.pack.schema import Card, Dropped, Lengths, PackSplit
from pipeline.store import StoreReader
from pipeline.types import MODALITIES, SPLITS, Modality, Split

_LABELS = {"M": "sentiment", "T": "sentiment_text", "A": "sentiment_audio", "V": "sentiment_vision"}


@dataclass(frozen=True)
class Source:
    """What a pack is made of.

    Attributes:
        labels: rows of ``labels.jsonl``, sorted by clip id.
        texts: transcripts by clip id.
        stores: feature stores by modality.
        quarantine: rows of ``quarantine.jsonl``.
    """

    labels: Sequence[Mapping[str, Any]]
    texts: Mapping[str, str]
    stores: Mapping[Modality, Sequence[Path]]
    quarantine: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Stream:
    """One modality of all clips, ready to be padded.

    Attributes:
        values: rows per clip; a clip that lacks the modality is not in it.
        masks: measured rows per clip.
        keys: keys of the stored clips, for the pack's fingerprint.
        names: feature names.
        identity: the extractor's identity.
    """

    values: Mapping[str, np.ndarray]
    masks: Mapping[str, np.ndarray]
    keys: Mapping[str, str]
    names: tuple[str, ...]
    identity: str


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
    by_clip: dict[str, Mapping[str, Any]] = {}
    for row in source.quarantine:
        if row["modality"] == "table" or row["extractor"] in needed:
            by_clip.setdefault(row["clip_id"], row)
    splits = {row["clip_id"]: row["split"] for row in source.labels}
    dropped = [
        Dropped(
            clip_id=clip_id,
            split=splits.get(clip_id, ""),
            modality=row["modality"],
            stage=row["stage"],
            reason=row["reason"],
        )
        for clip_id, row in sorted(by_clip.items())
    ]
    return [row for row in source.labels if row["clip_id"] not in by_clip], dropped


def load_stream(paths: Sequence[Path], wanted: set[str], rate_hz: float | None) -> Stream:
    """Read one modality of the wanted clips and pool it."""
    values: dict[str, np.ndarray] = {}
    masks: dict[str, np.ndarray] = {}
    keys: dict[str, str] = {}
    names: tuple[str, ...] = ()
    identity = ""
    for clip_id, features, reader in _stored_clips(paths, wanted):
        names, identity = reader.header.feature_names, reader.header.identity
        keys[clip_id] = reader.key(clip_id)
        rows, mask = pool_to_rate(features, rate_hz)
        # A clip without a single measured row keeps one masked row of zeros: MMSA cannot take a length of 0.
        values[clip_id], masks[clip_id] = (rows, mask) if mask.any() else (rows[:1] * 0, mask[:1])
    return Stream(values, masks, keys, names, identity)


def load_text(paths: Sequence[Path], wanted: set[str], rows: int) -> tuple[Stream, dict[str, np.ndarray], Lengths]:
    """Read tokens and vectors, cut to ``rows - 1`` so that every mask ends with a zero.

    Returns:
        Vectors, the three rows of ``text_bert`` per clip (unpadded), and what was cut.
    """
    values: dict[str, np.ndarray] = {}
    tokens: dict[str, np.ndarray] = {}
    keys: dict[str, str] = {}
    lengths: list[int] = []
    names: tuple[str, ...] = ()
    identity = ""
    for clip_id, features, reader in _stored_clips(paths, wanted):
        names, identity = reader.header.feature_names, reader.header.identity
        keys[clip_id] = reader.key(clip_id)
        keep = _kept_tokens(len(features.values), rows - 1)
        values[clip_id] = features.values[keep]
        ids, types = features.extras["token_ids"][keep], features.extras["token_types"][keep]
        tokens[clip_id] = np.stack([ids, np.ones_like(ids), types]).astype(np.float32)
        lengths.append(len(features.values))
    masks = {clip_id: np.ones(len(rows_), bool) for clip_id, rows_ in values.items()}
    cut = [length - (rows - 1) for length in lengths if length > rows - 1]
    policy = f"{rows} positions, the last one always padding"
    report = Lengths(policy=policy, padded=rows, longest=max(lengths, default=0), clips_cut=len(cut), rows_cut=sum(cut))
    return Stream(values, masks, keys, names, identity), tokens, report


def _kept_tokens(length: int, limit: int) -> np.ndarray:
    """All tokens, or the first ones and the closing special token."""
    if length <= limit:
        return np.arange(length)
    return np.append(np.arange(limit - 1), length - 1)


def _stored_clips(paths: Sequence[Path], wanted: set[str]) -> Iterator[tuple[str, Features, StoreReader]]:
    for path in paths:
        with StoreReader(path) as reader:
            for clip_id in sorted(reader.ids() & wanted):
                yield clip_id, reader.read(clip_id), reader


@dataclass(frozen=True)
class Padded:
    """One modality of one split."""

    values: np.ndarray
    mask: np.ndarray
    lengths: np.ndarray


def pad(stream: Stream, ids: Sequence[str], rows: int, scaler: Scaler) -> Padded:
    """Scale, cut at the end and pad at the end.

    Args:
        stream: the modality's rows per clip.
        ids: clips in their order; one that the stream lacks becomes a single masked row.
        rows: length of the padded axis.
        scaler: statistics of the train split.
    """
    values = np.zeros((len(ids), rows, len(stream.names)), np.float32)
    mask = np.zeros((len(ids), rows), bool)
    lengths = np.ones(len(ids), np.int64)
    for index, clip_id in enumerate(ids):
        if clip_id in stream.values:
            measured = stream.masks[clip_id][:rows]
            values[index, : len(measured)] = scaler.apply(stream.values[clip_id][:rows], measured)
            mask[index, : len(measured)] = measured
            lengths[index] = max(1, len(measured))
    return Padded(values, mask, lengths)


def assemble(source: Source, config: PackConfig, described: Mapping[str, Any]) -> tuple[dict[Split, PackSplit], Card]:
    """Make the arrays and the card of an unaligned pack.

    Args:
        source: labels, texts, stores, quarantine.
        config: the pack's settings.
        described: facts for the card that only the caller knows (dataset, pack, label range ...).

    Raises:
        StoreError: a split would be empty.
    """
    rows, dropped = choose_rows(source, config)
    ids = {split: [row["clip_id"] for row in rows if row["split"] == split] for split in SPLITS}
    empty = [split for split in SPLITS if not ids[split]]
    if empty:
        raise StoreError(
            f"pack {described['pack']} of {described['dataset']}: no clip left in {', '.join(empty)} "
            f"({len(dropped)} dropped); every split needs at least one clip"
        )
    wanted = {row["clip_id"] for row in rows}
    text, tokens, text_lengths = load_text(source.stores["text"], wanted, config.text.rows)
    streams = {name: _stream(source, name, settings, wanted) for name, settings in _streams(config)}
    lengths: dict[Modality, Lengths] = {"text": text_lengths}
    scalers: dict[Modality, Scaler] = {}
    for name, settings in _streams(config):
        counts = {clip_id: len(mask) for clip_id, mask in streams[name].masks.items()}
        lengths[name] = fixed_length(settings.length, counts, set(ids["train"]), at_least=config.text.rows)
        scalers[name] = fit_scaler(settings.normalise, streams[name].values, streams[name].masks, ids["train"])
    by_id = {row["clip_id"]: row for row in rows}
    splits = {
        split: _split(
            [by_id[clip_id] for clip_id in ids[split]],
            source.texts,
            (text, tokens, config.text.rows),
            {name: pad(streams[name], ids[split], lengths[name].padded, scalers[name]) for name in streams},
        )
        for split in SPLITS
    }
    all_streams: dict[Modality, Stream] = {"text": text, **streams}
    card = Card(
        **described,
        num_clips={split: len(ids[split]) for split in SPLITS},
        dims={name: len(all_streams[name].names) for name in MODALITIES},
        extractors=config.extractors(),
        feature_names={name: list(streams[name].names) for name in streams},
        rate_hz={"text": None, "audio": config.audio.rate_hz, "vision": config.vision.rate_hz},
        lengths=lengths,
        normalisation={name: scaler.described() for name, scaler in scalers.items()},
        faceless=sorted(clip_id for clip_id, mask in streams["vision"].masks.items() if not mask.any()),
        dropped=dropped,
        settings=config.model_dump(mode="json"),
        identities={config.extractors()[name]: stream.identity for name, stream in all_streams.items()},
    )
    return splits, card


def _streams(config: PackConfig) -> list[tuple[Modality, StreamPack]]:
    return [("audio", config.audio), ("vision", config.vision)]


def _stream(source: Source, name: Modality, settings: StreamPack, wanted: set[str]) -> Stream:
    return load_stream(source.stores[name], wanted, settings.rate_hz)


def _split(
    rows: Sequence[Mapping[str, Any]],
    texts: Mapping[str, str],
    text: tuple[Stream, Mapping[str, np.ndarray], int],
    padded: Mapping[Modality, Padded],
) -> PackSplit:
    stream, tokens, positions = text
    ids = [row["clip_id"] for row in rows]
    vectors = np.zeros((len(ids), positions, len(stream.names)), np.float32)
    text_bert = np.zeros((len(ids), 3, positions), np.float32)
    for index, clip_id in enumerate(ids):
        if clip_id in tokens:
            length = tokens[clip_id].shape[1]
            vectors[index, :length] = stream.values[clip_id]
            text_bert[index, :, :length] = tokens[clip_id]
    audio, vision = padded["audio"], padded["vision"]
    return PackSplit(
        ids=ids,
        raw_text=[texts[clip_id] for clip_id in ids],
        text=vectors,
        text_bert=text_bert,
        audio=audio.values,
        vision=vision.values,
        audio_lengths=audio.lengths,
        vision_lengths=vision.lengths,
        audio_mask=audio.mask,
        vision_mask=vision.mask,
        labels=_labels(rows),
        annotations=[row["annotation"] or "" for row in rows],
    )


def _labels(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Labels that every row has; M stands in for a sentiment that the dataset does not give as 0."""
    labels = {"M": np.array([row["sentiment"] or 0.0 for row in rows], np.float32)}
    for which, column in _LABELS.items():
        values = [row[column] for row in rows]
        if which != "M" and all(value is not None for value in values):
            labels[which] = np.array(values, np.float32)
    return labels
