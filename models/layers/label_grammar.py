"""Sentiment as words: a universal label without its emotion is a polarity and an intensity, such as "positive 1.8".

Intensities lie on a grid of one decimal. The labels of the grid, cut into tokens, form a tree; a decoder that only
ever takes a branch of this tree cannot say anything that is no label.
"""

import math
import re
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

_LABEL = re.compile(r"(negative|neutral|positive)\s+(\d+)\s*\.\s*(\d)")
_SIGNS = {"negative": -1, "neutral": 0, "positive": 1}


def label_text(tenths: int) -> str:
    """The label of a sentiment counted in tenths: polarity, then size."""
    polarity = "negative" if tenths < 0 else "positive" if tenths > 0 else "neutral"
    return f"{polarity} {abs(tenths) // 10}.{abs(tenths) % 10}"


def parse_label(text: str) -> float:
    """The sentiment that a label names; spaces about the point, as some tokenizers leave them, do not count.

    Raises:
        ValueError: the text is no label.
    """
    found = _LABEL.fullmatch(text.strip())
    if found is None or (found[1] == "neutral") != (found[2].strip("0") + found[3].strip("0") == ""):
        message = f"{text!r} is no label; expected a polarity and an intensity, such as 'positive 1.8'"
        raise ValueError(message)
    return _SIGNS[found[1]] * (int(found[2]) * 10 + int(found[3])) / 10


class LabelGrammar(nn.Module):
    """All labels of a range as a tree of tokens.

    State 0 is the beginning; every state is a beginning of labels, and the last state of a label is its end. A
    *symbol* is one of the few tokens that labels are made of. The tables follow the module to its device and are
    not saved.

    Attributes:
        texts: the labels, from the lowest to the highest.
        symbols: token ids.
        moves: the state after each symbol; -1 where it must not follow.
        ends: the label that ends in a state; -1 elsewhere.
        paths: the states that a label passes, before each of its tokens; 0 after its end.
        targets: the symbols of a label; -1 after its end.
    """

    symbols: Tensor
    moves: Tensor
    ends: Tensor
    paths: Tensor
    targets: Tensor

    def __init__(self, label_range: tuple[float, float], encode: Callable[[str], list[int]], *, end: int) -> None:
        """Build the tree.

        Args:
            label_range: lowest and highest sentiment.
            encode: cuts a text into token ids, without special tokens.
            end: token that closes every label.

        Raises:
            ValueError: the tokenizer makes two labels the same.
        """
        super().__init__()
        low, high = math.ceil(round(label_range[0] * 10, 6)), math.floor(round(label_range[1] * 10, 6))
        self.low, self.high = low, high
        self.texts = tuple(label_text(tenths) for tenths in range(low, high + 1))
        sequences = [(*encode(text), end) for text in self.texts]
        if len(set(sequences)) < len(sequences):
            message = "the tokenizer of the backbone cuts two labels into the same tokens; use one that knows digits"
            raise ValueError(message)
        for name, table in _tables(sequences).items():
            self.register_buffer(name, table, persistent=False)

    def label_index(self, sentiment: Float[Tensor, "batch"]) -> Int[Tensor, "batch"]:
        """The nearest label of the grid."""
        return (sentiment.float() * 10).round().long().clamp(self.low, self.high) - self.low

    def sentiment(self, index: Int[Tensor, "batch"]) -> Float[Tensor, "batch"]:
        """What a label says, in the units of the label."""
        return (index + self.low).float() / 10

    def inputs(self, index: Int[Tensor, "batch"], *, start: int) -> Int[Tensor, "batch steps"]:
        """What a decoder reads to say these labels: a start token, then all tokens but the last."""
        tokens = self.symbols[self.targets[index].clamp_min(0)]
        return torch.cat([torch.full_like(tokens[:, :1], start), tokens[:, :-1]], dim=1)

    def negative_log_likelihood(
        self, logits: Float[Tensor, "batch steps vocabulary"], index: Int[Tensor, "batch"]
    ) -> Float[Tensor, "batch"]:
        """Of whole labels, among all labels: tokens that may not follow take no share of the probability."""
        allowed = self.moves[self.paths[index]] >= 0
        scores = logits.index_select(-1, self.symbols).float().masked_fill(~allowed, -math.inf)
        targets = self.targets[index]
        return functional.cross_entropy(scores.mT, targets, ignore_index=-1, reduction="none").sum(dim=1)

    def greedy(
        self, step: Callable[[Int[Tensor, "batch 1"]], Float[Tensor, "batch vocabulary"]], first: Int[Tensor, "batch 1"]
    ) -> Int[Tensor, "batch"]:
        """Say one label per clip, token by token, each the likeliest of those that may follow.

        Args:
            step: takes the newest tokens and scores the next ones.
            first: start tokens.
        """
        state, tokens = torch.zeros_like(first[:, 0]), first
        for _ in range(self.targets.shape[1]):
            allowed = self.moves[state] >= 0
            scores = step(tokens).index_select(-1, self.symbols).masked_fill(~allowed, -math.inf)
            symbol = scores.argmax(dim=1)
            state = torch.where(self.ends[state] < 0, self.moves[state, symbol], state)
            tokens = self.symbols[symbol].unsqueeze(1)
        return self.ends[state]


def _tables(sequences: list[tuple[int, ...]]) -> dict[str, Tensor]:
    symbols = sorted({token for sequence in sequences for token in sequence})
    prefixes = {sequence[:length] for sequence in sequences for length in range(len(sequence) + 1)}
    states = {prefix: number for number, prefix in enumerate(sorted(prefixes))}  # the empty prefix comes first
    moves = torch.full((len(states), len(symbols)), -1)
    for prefix, state in states.items():
        if prefix:
            moves[states[prefix[:-1]], symbols.index(prefix[-1])] = state
    ends = torch.full((len(states),), -1)
    paths = torch.zeros(len(sequences), max(map(len, sequences)), dtype=torch.long)
    targets = torch.full_like(paths, -1)
    for label, sequence in enumerate(sequences):
        ends[states[sequence]] = label
        for position, token in enumerate(sequence):
            paths[label, position] = states[sequence[:position]]
            targets[label, position] = symbols.index(token)
    return {"symbols": torch.tensor(symbols), "moves": moves, "ends": ends, "paths": paths, "targets": targets}
