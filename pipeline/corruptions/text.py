"""Corruptions of a transcript, and the rows of ``text_bert`` that go with it."""

from collections.abc import Callable
from math import ceil
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from pipeline.packs.schema import PackSplit
from pipeline.words.spans import word_spans

#: A transcript to token ids, mask and types in a number of positions.
Tokenise = Callable[[str, int], Float32[np.ndarray, "3 positions"]]
#: Rows of ``text_bert`` to contextual vectors, zeros in the padding.
Encode = Callable[[Float32[np.ndarray, "clips 3 positions"]], Float32[np.ndarray, "clips positions width"]]

#: Products such as 0.3 * 10 exceed the whole number by a rounding error.
_ROUNDING = 1e-9
#: Sentences per call of the encoder.
_ENCODED_AT_ONCE = 32
#: Sentences compared to recognise an encoder, and the tolerance for values of another machine.
_PROBES, _TOLERANCE = 4, 1e-2


def without_sentence(text: str, chance: float, random: np.random.Generator) -> str:
    """The text, or with the given chance an empty one."""
    return "" if random.random() < chance else text


def with_words_shuffled(text: str, part: float, random: np.random.Generator, *, language: str) -> str:
    """Permute a part of the word positions; each chosen position gets another chosen position's word.

    Args:
        text: the transcript; characters between words stay.
        part: of the positions, rounded up; a single one is not moved.
        random: chooses the positions and their cycle.
        language: decides where words end.
    """
    spans = word_spans(text, language)
    words = [text[start:end] for start, end in spans]
    chosen = random.permutation(len(words))[: ceil(part * len(words) - _ROUNDING)]
    moved = dict(zip(chosen.tolist(), np.roll(chosen, 1).tolist(), strict=True))
    pieces, last = [], 0
    for position, (start, end) in enumerate(spans):
        pieces += [text[last:start], words[moved.get(position, position)]]
        last = end
    return "".join([*pieces, text[last:]])


def in_its_context(
    old: Float32[np.ndarray, "3 positions"], new: Float32[np.ndarray, "3 positions"]
) -> Float32[np.ndarray, "3 positions"]:
    """Replace a sentence within the turns around it, which have another token type.

    Args:
        old: rows of ``text_bert``; token type 1 marks the sentence and its closing token, where there is context.
        new: rows of the new sentence alone.
    """
    marked = np.flatnonzero(old[2])
    if len(marked) == 0:
        return new
    first, end, used = marked[0], marked[-1] + 1, int(old[1].sum())
    sentence = new[:, 1 : int(new[1].sum())].copy()
    sentence[2] = 1
    rows = np.concatenate([old[:, :first], sentence, old[:, end:used]], axis=1)[:, : old.shape[1] - 1]
    return np.pad(rows, ((0, 0), (0, old.shape[1] - rows.shape[1])))


def make_tokenise(folder: Path) -> Tokenise:
    """The tokenizer of a text encoder, cutting as packs do: the last position stays padding, the end token stays.

    Args:
        folder: the encoder's folder.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)

    def tokenise(text: str, positions: int) -> Float32[np.ndarray, "3 positions"]:
        encoded = tokenizer(text, verbose=False)
        ids = encoded["input_ids"]
        types = encoded.get("token_type_ids", [0] * len(ids))
        keep = list(range(len(ids))) if len(ids) < positions else [*range(positions - 2), len(ids) - 1]
        rows = np.zeros((3, positions), np.float32)
        rows[:, : len(keep)] = [[ids[i] for i in keep], [1] * len(keep), [types[i] for i in keep]]
        return rows

    return tokenise


def make_encode(folder: Path) -> Encode:
    """The last hidden states of a text encoder, as packs store them under ``text``.

    A sentence that a pack cuts is encoded as cut; the pack's own vectors were computed on the whole sentence.

    Args:
        folder: the encoder's folder.
    """
    import torch

    from models.layers.text import PretrainedText

    encoder = PretrainedText(folder).eval()

    @torch.inference_mode()
    def encode(text_bert: Float32[np.ndarray, "clips 3 positions"]) -> Float32[np.ndarray, "clips positions width"]:
        vectors = np.zeros((len(text_bert), text_bert.shape[2], encoder.width), np.float32)
        for first in range(0, len(text_bert), _ENCODED_AT_ONCE):
            some = slice(first, first + _ENCODED_AT_ONCE)
            used = max(1, int(text_bert[some, 1].sum(axis=1).max()))
            ids, mask, types = torch.from_numpy(text_bert[some, :, :used]).long().unbind(1)
            states = encoder.encode(ids, types, mask.bool()) * mask.unsqueeze(-1)
            vectors[some, :used] = states.numpy()
        return vectors

    return encode


def are_vectors_of(encode: Encode, split: PackSplit) -> bool:
    """Whether the text vectors of a split are those of an encoder, judged by some sentences that were not cut."""
    tokens = split.text_bert[:, 1].sum(axis=1)
    uncut = np.flatnonzero((tokens > 0) & (tokens < split.text_bert.shape[2] - 1))[:_PROBES]
    vectors, stored = encode(split.text_bert[uncut]), split.text[uncut]
    return len(uncut) > 0 and vectors.shape == stored.shape and np.allclose(vectors, stored, atol=_TOLERANCE)
