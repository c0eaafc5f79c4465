"""Clips of different lengths as one array: scaled, cut at the end, padded with zeros at the end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64

from pipeline.packs.build.scaling import Scaler
from pipeline.packs.build.streams import Stream, Text
from pipeline.packs.row_arrays import Computed

_FLOAT32 = np.dtype(np.float32)


@dataclass(frozen=True)
class Padded:
    """One modality of one split."""

    values: np.ndarray
    mask: np.ndarray
    lengths: np.ndarray


def pad(stream: Stream, ids: Sequence[str], rows: int, scaler: Scaler | None) -> Padded:
    """Scale, cut and pad.

    Args:
        stream: the modality's rows per clip.
        ids: clips in their order; one that the stream lacks becomes a single masked row.
        rows: length of the padded axis.
        scaler: statistics of the train split; None for a stream without clips.
    """
    mask, lengths = pad_mask(stream, ids, rows, scaler)
    return Padded(lazy_values(stream, ids, rows, scaler)[:], mask, lengths)


def lazy_values(stream: Stream, ids: Sequence[str], rows: int, scaler: Scaler | None) -> Computed:
    """The values alone, made when they are written."""
    width = len(stream.names)

    def make(block: range) -> Float32[np.ndarray, "_ rows features"]:
        values = np.zeros((len(block), rows, width), np.float32)
        for padded, clip_id in zip(values, ids[block.start : block.stop], strict=True):
            if scaler is not None and clip_id in stream.values:
                measured = stream.masks[clip_id][:rows]
                padded[: len(measured)] = scaler.apply(stream.values[clip_id][:rows], measured)
        return values

    return Computed((len(ids), rows, width), _FLOAT32, make)


def pad_mask(
    stream: Stream, ids: Sequence[str], rows: int, scaler: Scaler | None
) -> tuple[Bool[np.ndarray, "clips {rows}"], Int64[np.ndarray, "clips"]]:
    """What was measured, and rows before the padding."""
    mask = np.zeros((len(ids), rows), bool)
    lengths = np.ones(len(ids), np.int64)
    for index, clip_id in enumerate(ids):
        if scaler is not None and clip_id in stream.values:
            measured = stream.masks[clip_id][:rows]
            mask[index, : len(measured)] = measured
            lengths[index] = max(1, len(measured))
    return mask, lengths


def lazy_vectors(text: Text, ids: Sequence[str]) -> Computed:
    """Vectors of some clips, made when they are written; one without text is all zeros."""
    shape = (len(ids), text.lengths.padded, len(text.vectors.names))

    def make(block: range) -> Float32[np.ndarray, "_ positions features"]:
        vectors = np.zeros((len(block), *shape[1:]), np.float32)
        for padded, clip_id in zip(vectors, ids[block.start : block.stop], strict=True):
            if clip_id in text.tokens:
                padded[: text.tokens[clip_id].shape[1]] = text.vectors.values[clip_id]
        return vectors

    return Computed(shape, _FLOAT32, make)


def pad_tokens(text: Text, ids: Sequence[str]) -> Float32[np.ndarray, "clips 3 positions"]:
    """``text_bert`` of some clips; one without text is all zeros."""
    text_bert = np.zeros((len(ids), 3, text.lengths.padded), np.float32)
    for index, clip_id in enumerate(ids):
        if clip_id in text.tokens:
            text_bert[index, :, : text.tokens[clip_id].shape[1]] = text.tokens[clip_id]
    return text_bert
