"""Tokens of a transcript together with the turns around it; token type 1 marks the target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

#: Cuts a text into token ids without special tokens.
Cut = Callable[[str], list[int]]


@dataclass(frozen=True)
class TokensInContext:
    """Tokens of a transcript in its context.

    Attributes:
        ids: ``[CLS] turn [SEP] ... [SEP] target [SEP] turn [SEP] ...``.
        types: 1 for the target and its closing token, 0 elsewhere.
        start: position of the target's first token.
    """

    ids: Int32[np.ndarray, "tokens"]
    types: Int32[np.ndarray, "tokens"]
    start: int


def place(
    target: Sequence[int], before: Sequence[str], after: Sequence[str], *, cut: Cut, ends: tuple[int, int], limit: int
) -> TokensInContext:
    """Add whole turns around a transcript, nearest first, until the limit is reached.

    Args:
        target: token ids of the transcript without special tokens.
        before: turns before it, oldest first.
        after: turns after it.
        cut: tokenizes a text without special tokens.
        ends: token ids of the beginning and of the separator.
        limit: most tokens in all.
    """
    first, separator = ends
    room = limit - len(target) - 2
    left: list[list[int]] = []
    right: list[list[int]] = []
    for turn, side in _nearest_first(before, after):
        tokens = [*cut(turn), separator]
        if len(tokens) > room:
            break  # a farther turn without the nearer one would break the conversation
        room -= len(tokens)
        (left if side == "before" else right).append(tokens)
    head = [first, *(token for tokens in reversed(left) for token in tokens)]
    body = [*target, separator]
    tail = [token for tokens in right for token in tokens]
    types = [0] * len(head) + [1] * len(body) + [0] * len(tail)
    return TokensInContext(np.array(head + body + tail, np.int32), np.array(types, np.int32), len(head))


def _nearest_first(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    """Turns by distance; at equal distance the earlier turn, which the speaker has heard, comes first."""
    sides = [(distance, 0, turn, "before") for distance, turn in enumerate(reversed(before))]
    sides += [(distance, 1, turn, "after") for distance, turn in enumerate(after)]
    return [(turn, side) for _, _, turn, side in sorted(sides)]
