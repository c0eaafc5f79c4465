"""Universal labels as words: polarity, intensity and, where the data has emotions, an emotion: "positive 1.8 joy".

Intensities lie on a grid of one decimal. The tokens of all labels form a tree; a decoder that only follows
branches of this tree always generates a valid label.
"""

import math
import re
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from models.layers.universal_label import POLARITIES, SIZE, polarity_of, size_tenths, size_text

_LABEL = re.compile(rf"({'|'.join(POLARITIES)})\s+({SIZE})(?:\s+([^\W\d].*))?")


def label_text(tenths: int, emotion: str = "") -> str:
    """The label of a sentiment counted in tenths: polarity, size, and the emotion if there is one."""
    return f"{polarity_of(tenths)} {size_text(tenths)} {emotion}".rstrip()


def parse_label(text: str) -> tuple[float, str]:
    """The sentiment and the emotion that a label names; the emotion is empty where there is none.

    Spaces about the point and before commas, as some tokenizers leave them, do not count.

    Raises:
        ValueError: the text is no label.
    """
    match = _LABEL.fullmatch(text.strip())
    tenths = size_tenths(match[2], match[1]) if match else 0
    if match is None or polarity_of(tenths) != match[1]:
        message = f"{text!r} is no label; expected a polarity and an intensity, such as 'positive 1.8'"
        raise ValueError(message)
    return tenths / 10, re.sub(r"\s*,\s*", ", ", match[3] or "")


class LabelGrammar(nn.Module):
    """All labels as a tree of tokens: every sentiment of a range, with every emotion if there are any.

    State 0 is the beginning; every state is a beginning of labels, and the last state of a label is its end. A
    *symbol* is one of the few tokens that labels are made of. The tables move to the module's device and are
    not saved.

    Attributes:
        texts: the labels, from the lowest sentiment to the highest, emotion by emotion.
        emotions: their names; a single empty one for data without emotions.
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

    def __init__(
        self,
        label_range: tuple[float, float],
        encode: Callable[[str], list[int]],
        *,
        end: int,
        emotions: Sequence[str] = (),
    ) -> None:
        """Build the tree.

        Args:
            label_range: lowest and highest sentiment.
            encode: tokenizes a text, without special tokens.
            end: token that closes every label.
            emotions: their names; empty for data without emotions.

        Raises:
            ValueError: the tokenizer makes two labels the same.
        """
        super().__init__()
        low, high = math.ceil(round(label_range[0] * 10, 6)), math.floor(round(label_range[1] * 10, 6))
        self.low, self.high = low, high
        self.emotions = tuple(emotions) or ("",)
        self.texts = tuple(label_text(tenths, name) for name in self.emotions for tenths in range(low, high + 1))
        sequences = [(*encode(text), end) for text in self.texts]
        if len(set(sequences)) < len(sequences):
            message = "the tokenizer of the backbone gives two labels the same tokens; use one with digits"
            raise ValueError(message)
        for name, table in _tables(sequences).items():
            self.register_buffer(name, table, persistent=False)

    def label_index(self, sentiment: Float[Tensor, "batch"], emotions: Sequence[str] = ()) -> Int[Tensor, "batch"]:
        """The label with the nearest sentiment of the grid and, where there are emotions, this one.

        Raises:
            ValueError: an emotion that no label has.
        """
        grid = (sentiment.float() * 10).round().long().clamp(self.low, self.high) - self.low
        if self.emotions == ("",):
            return grid
        emotion = torch.tensor([self.emotions.index(name) for name in emotions], device=grid.device)
        return grid + emotion * self._sentiments

    def sentiment(self, index: Int[Tensor, "batch"]) -> Float[Tensor, "batch"]:
        """The sentiment of a label, in the units of the data's labels."""
        return (index % self._sentiments + self.low).float() / 10

    def emotion(self, index: Int[Tensor, "batch"]) -> tuple[str, ...]:
        """The emotion of a label; nothing for data without emotions."""
        if self.emotions == ("",):
            return ()
        return tuple(self.emotions[which] for which in (index // self._sentiments).tolist())

    @property
    def _sentiments(self) -> int:
        return self.high - self.low + 1

    def inputs(self, index: Int[Tensor, "batch"], *, start: int) -> Int[Tensor, "batch steps"]:
        """Decoder inputs for these labels: a start token, then all tokens but the last."""
        tokens = self.symbols[self.targets[index].clamp_min(0)]
        return torch.cat([torch.full_like(tokens[:, :1], start), tokens[:, :-1]], dim=1)

    def negative_log_likelihood(
        self, logits: Float[Tensor, "batch steps vocabulary"], index: Int[Tensor, "batch"]
    ) -> Float[Tensor, "batch"]:
        """Of whole labels, among all labels: tokens that may not follow have probability 0."""
        allowed = self.moves[self.paths[index]] >= 0
        scores = logits.index_select(-1, self.symbols).float().masked_fill(~allowed, -math.inf)
        targets = self.targets[index]
        return functional.cross_entropy(scores.mT, targets, ignore_index=-1, reduction="none").sum(dim=1)

    def greedy(
        self, step: Callable[[Int[Tensor, "batch 1"]], Float[Tensor, "batch vocabulary"]], first: Int[Tensor, "batch 1"]
    ) -> Int[Tensor, "batch"]:
        """Generate one label per clip by constrained greedy decoding.

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
