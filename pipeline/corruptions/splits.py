"""A split of a pack under a corruption. Each clip is corrupted on its own, whatever its neighbours and their order."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64

from pipeline.config.weights import resolve_text_encoder
from pipeline.core.types import Modality
from pipeline.corruptions.levels import CORRUPTIONS, MEDIA_MODALITY, CorruptionName, random_of
from pipeline.corruptions.rows import ClipRows, smoothed, with_noise, with_rows_dropped
from pipeline.corruptions.text import (
    Encode,
    Tokenise,
    are_vectors_of,
    in_its_context,
    make_encode,
    make_tokenise,
    with_words_shuffled,
    without_sentence,
)
from pipeline.packs.schema import PackSplit

_log = logging.getLogger(__name__)

_TextChange = Callable[[str, float, np.random.Generator, str], str]
_RowsChange = Callable[[ClipRows, float, np.random.Generator, np.ndarray], ClipRows]


@dataclass(frozen=True)
class CorruptionContext:
    """What a corruption needs besides the clips.

    Attributes:
        tokenise: of the encoder that the pack's token ids belong to.
        language: of the transcripts.
        spread: standard deviation of each column of audio and vision over the train split.
        names: the possible corruptions; those of the text require an encoder if a model reads text vectors.
        encode: computes the vectors of changed sentences; None if no model reads them.
    """

    tokenise: Tokenise
    language: str
    spread: Mapping[Modality, Float64[np.ndarray, "_"]]
    names: tuple[CorruptionName, ...] = CORRUPTIONS
    encode: Encode | None = None


def make_context(train: PackSplit, *, text_encoder: str, language: str, stored_text: bool = False) -> CorruptionContext:
    """The context for the clips of a pack.

    Args:
        train: the pack's train split.
        text_encoder: folder, package or hub id of the encoder that the token ids belong to.
        language: of the transcripts.
        stored_text: the model reads the pack's text vectors.

    Raises:
        MissingDependencyError: the encoder is not installed.
    """
    folder = resolve_text_encoder(text_encoder)
    context = CorruptionContext(make_tokenise(folder), language, spread_of(train))
    if not stored_text:
        return context
    encode = make_encode(folder)
    if are_vectors_of(encode, train):
        return replace(context, encode=encode)
    _log.warning(
        "the pack's text vectors are not those of %s, so changed sentences cannot be encoded; left out: %s",
        text_encoder,
        ", ".join(_TEXT_CHANGES),
    )
    return replace(context, names=tuple(name for name in CORRUPTIONS if name not in _TEXT_CHANGES))


def spread_of(train: PackSplit) -> dict[Modality, Float64[np.ndarray, "_"]]:
    """Standard deviation of the measured rows of audio and vision."""
    measured: dict[Modality, np.ndarray] = {
        "audio": train.audio[train.audio_mask],
        "vision": train.vision[train.vision_mask],
    }
    return {name: _deviation(rows) for name, rows in measured.items()}


def corrupt(
    split: PackSplit, name: CorruptionName, strengths: Sequence[float], *, seed: int, context: CorruptionContext
) -> PackSplit:
    """Copy a split under one corruption; blur and noise are applied as feature-space proxies.

    Contextual vectors (``text``) of a changed sentence are computed again if a model reads them, else zero.

    Args:
        split: the clips; never changed.
        name: of the corruption.
        strengths: one per clip; 0 changes nothing.
        seed: of the random numbers.
        context: tokenizer, language, spread; ``name`` is one of its names.

    Raises:
        KeyError: no function of this module makes a corruption of that name.
    """
    random = [random_of(clip_id, name=name, seed=seed) for clip_id in split.ids]
    if name in _TEXT_CHANGES:
        change_text = _TEXT_CHANGES[name]
        changed = [
            change_text(text, strength, generator, context.language)
            for text, strength, generator in zip(split.raw_text, strengths, random, strict=True)
        ]
        return with_text(split, changed, context)
    modality, change_rows = _ROW_MODALITY[name], _ROW_CHANGES[name]
    clips = [
        change_rows(rows, strength, generator, context.spread[modality]) if strength else rows
        for rows, strength, generator in zip(_rows_of(split, modality), strengths, random, strict=True)
    ]
    return _with_rows(split, modality, clips)


def with_text(split: PackSplit, texts: Sequence[str], context: CorruptionContext) -> PackSplit:
    """The split with other transcripts; clips whose transcript stays keep their token ids and vectors as they are."""
    changed = [index for index, text in enumerate(texts) if text != split.raw_text[index]]
    vectors, text_bert = split.text.copy(), split.text_bert.copy()
    for index in changed:
        text_bert[index] = in_its_context(text_bert[index], context.tokenise(texts[index], text_bert.shape[2]))
    vectors[changed] = context.encode(text_bert[changed]) if context.encode else 0
    return replace(split, raw_text=list(texts), text=vectors, text_bert=text_bert)


def _rows_of(split: PackSplit, modality: Modality) -> list[ClipRows]:
    values, mask = getattr(split, modality), getattr(split, f"{modality}_mask")
    lengths = getattr(split, f"{modality}_lengths")
    return [ClipRows(values[i], mask[i], None if lengths is None else int(lengths[i])) for i in range(len(split))]


def _with_rows(split: PackSplit, modality: Modality, clips: Sequence[ClipRows]) -> PackSplit:
    aligned = getattr(split, f"{modality}_lengths") is None
    changes: dict[str, Any] = {
        modality: np.stack([rows.values for rows in clips]),
        f"{modality}_mask": np.stack([rows.mask for rows in clips]),
        f"{modality}_lengths": None if aligned else np.array([rows.length for rows in clips], np.int64),
    }
    return replace(split, **changes)


def _deviation(rows: np.ndarray) -> Float64[np.ndarray, "_"]:
    return rows.std(axis=0, dtype=np.float64) if len(rows) else np.zeros(rows.shape[1])


#: Each corruption is in one of the two mappings.
_TEXT_CHANGES: Mapping[CorruptionName, _TextChange] = {
    "missing_text": lambda text, strength, random, _language: without_sentence(text, strength, random),
    "shuffled_words": lambda text, strength, random, language: with_words_shuffled(
        text, strength, random, language=language
    ),
}
_ROW_CHANGES: Mapping[CorruptionName, _RowsChange] = {
    "dropped_frames": lambda rows, strength, random, _spread: with_rows_dropped(rows, strength, random),
    "blur": lambda rows, strength, random, spread: with_noise(smoothed(rows, strength), strength, random, spread),
    "audio_noise": with_noise,
}
_ROW_MODALITY: Mapping[CorruptionName, Modality] = {**MEDIA_MODALITY, "dropped_frames": "vision"}
