"""Clips of different lengths as one array: scaled, cut at the end, padded with zeros at the end."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32, Int64

from pipeline.packs.build.scaling import Scaler
from pipeline.packs.build.streams import Stream, Text
from pipeline.packs.row_arrays import Computed

_FLOAT32 = np.dtype(np.float32)


def lazy_values(stream: Stream, ids: Sequence[str], shape: tuple[int, int, int], scaler: Scaler) -> Computed:
    """Scaled values, computed as they are read; a clip that the stream lacks is all zeros.

    Args:
        stream: the modality's rows per clip.
        ids: clips in their order.
        shape: clips, rows, columns.
        scaler: statistics of the train split.
    """

    def compute(block: range) -> Float32[np.ndarray, "_ rows features"]:
        values = np.zeros((len(block), *shape[1:]), np.float32)
        for padded, clip_id in zip(values, ids[block.start : block.stop], strict=True):
            if clip_id in stream.values:
                measured = stream.masks[clip_id][: shape[1]]
                padded[: len(measured)] = scaler.apply(stream.values[clip_id][: shape[1]], measured)
        return values

    return Computed(shape, _FLOAT32, compute)


def pad_mask(
    stream: Stream, ids: Sequence[str], rows: int
) -> tuple[Bool[np.ndarray, "clips {rows}"], Int64[np.ndarray, "clips"]]:
    """What was measured, and rows before the padding; a clip that the stream lacks is a single masked row."""
    mask = np.zeros((len(ids), rows), bool)
    lengths = np.ones(len(ids), np.int64)
    for index, clip_id in enumerate(ids):
        if clip_id in stream.values:
            measured = stream.masks[clip_id][:rows]
            mask[index, : len(measured)] = measured
            lengths[index] = max(1, len(measured))
    return mask, lengths


def lazy_vectors(text: Text, ids: Sequence[str], *, width: int) -> Computed:
    """Vectors of some clips, computed as they are read; a clip without text is all zeros."""
    shape = (len(ids), text.lengths.padded, width)

    def compute(block: range) -> Float32[np.ndarray, "_ positions features"]:
        vectors = np.zeros((len(block), *shape[1:]), np.float32)
        for padded, clip_id in zip(vectors, ids[block.start : block.stop], strict=True):
            if clip_id in text.tokens:
                padded[: text.tokens[clip_id].shape[1]] = text.vectors.values[clip_id]
        return vectors

    return Computed(shape, _FLOAT32, compute)


def pad_tokens(text: Text, ids: Sequence[str]) -> Float32[np.ndarray, "clips 3 positions"]:
    """``text_bert`` of some clips; a clip without text is all zeros."""
    text_bert = np.zeros((len(ids), 3, text.lengths.padded), np.float32)
    for index, clip_id in enumerate(ids):
        if clip_id in text.tokens:
            text_bert[index, :, : text.tokens[clip_id].shape[1]] = text.tokens[clip_id]
    return text_bert
