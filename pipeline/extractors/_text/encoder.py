"""The interface of a text encoder: a tokenizer and hidden states."""

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
        types: segment of each token.
        offsets: characters of the text that each token covers.
        special: 1 for special tokens.
    """

    ids: Sequence[int]
    types: Sequence[int]
    offsets: Sequence[tuple[int, int]]
    special: Sequence[int]


class TextEncoder(ABC):
    """A tokenizer and its network.

    Attributes:
        libraries: distributions whose version affects the numbers.
        width: features of a hidden state.
        max_tokens: longest input in tokens, special tokens included.
        padding_id: id of the padding token.
        ends: ids of the tokens before a conversation and after each turn.
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
