"""What the extractor asks of a text encoder: a tokenizer, and hidden states."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Int64

PerToken = Int64[np.ndarray, "texts tokens"]
HiddenStates = Float32[np.ndarray, "texts tokens features"]


@dataclass(frozen=True)
class Tokens:
    """A text as sub-word tokens, special ones included.

    Attributes:
        ids: of the tokens.
        types: which of two texts each belongs to.
        offsets: characters of the text that each covers.
        special: 1 where a token is no part of the text.
    """

    ids: Sequence[int]
    types: Sequence[int]
    offsets: Sequence[tuple[int, int]]
    special: Sequence[int]


class TextEncoder(ABC):
    """A tokenizer and the network it belongs to.

    Attributes:
        libraries: distributions whose version shapes the numbers.
        width: features of a hidden state.
        max_tokens: longest text that the network takes, special tokens included.
        padding_id: token that fills a batch up.
        ends: tokens that stand before a conversation and after each of its turns.
    """

    libraries: ClassVar[tuple[str, ...]]
    width: int
    max_tokens: int
    padding_id: int
    ends: tuple[int, int]

    @abstractmethod
    def tokens(self, text: str, limit: int | None = None) -> Tokens:
        """Tokens of a text, at most ``limit`` of them."""

    @abstractmethod
    def inner_ids(self, text: str) -> list[int]:
        """Tokens of a text without special ones."""

    @abstractmethod
    def hidden_states(self, ids: PerToken, types: PerToken, mask: PerToken) -> HiddenStates:
        """The last layer's output; ``mask`` is 1 where there is a token."""
