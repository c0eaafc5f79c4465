"""Disturbances of a transcript, and the rows of ``text_bert`` that go with it."""

from collections.abc import Callable
from math import ceil
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from pipeline.words.spans import word_spans

#: A transcript to token ids, mask and types in a number of positions.
Tokenise = Callable[[str, int], Float32[np.ndarray, "3 positions"]]

#: Products such as 0.3 * 10 lie a rounding above the whole number.
_ROUNDING = 1e-9


def without_sentence(text: str, chance: float, random: np.random.Generator) -> str:
    """Nothing, with the given chance."""
    return "" if random.random() < chance else text


def with_words_shuffled(text: str, part: float, random: np.random.Generator, *, language: str) -> str:
    """Permute a part of the word positions; each chosen position gets another chosen position's word.

    Args:
        text: the transcript; what stands between words stays.
        part: of the positions, rounded up; a single one stays as it is.
        random: chooses the positions and their cycle.
        language: tells where words end.
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
    """Put a sentence where the old one stood among the turns around it, which token types tell apart.

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
