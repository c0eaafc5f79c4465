"""CTC segmentation of a transcript, and how well the model's own output agrees with it.

Source: Kürzinger et al. 2020, https://arxiv.org/abs/2007.09127, by the authors' own library.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64


@dataclass(frozen=True)
class Vocabulary:
    """The symbols of a CTC model.

    Attributes:
        ids: symbol to index.
        blank: index of the blank.
        delimiter: index of the word delimiter; None if the model has none.
    """

    ids: Mapping[str, int]
    blank: int
    delimiter: int | None

    def spell(self, word: str) -> list[int]:
        """Indices of a word's characters, in the model's case; unknown characters are left out."""
        forms = (self.ids.get(c, self.ids.get(c.upper(), self.ids.get(c.lower()))) for c in word)
        return [index for index in forms if index is not None]


@dataclass(frozen=True)
class Segmentation:
    """Result of a segmentation.

    Attributes:
        times: start and end of each word in seconds; NaN if the model has none of its characters.
        probabilities: geometric mean of each word's frame probabilities along the path.
    """

    times: Float64[np.ndarray, "spoken 2"]
    probabilities: Float64[np.ndarray, "spoken"]


def segment(
    log_probs: Float32[np.ndarray, "frames symbols"], spelled: Sequence[list[int]], vocabulary: Vocabulary, hop_s: float
) -> Segmentation | None:
    """Find when each word is spoken.

    A word starts at the frame where its first character appears and ends after the last frame in which its last
    character is more probable than the blank.

    Args:
        log_probs: the model's output.
        spelled: the words in symbols; at least one is not empty.
        vocabulary: the symbols.
        hop_s: time between frames.

    Returns:
        None if the transcript has more symbols than the audio has frames.
    """
    import ctc_segmentation as library

    symbols, places = _one_line(spelled, vocabulary)
    if len(symbols) > len(log_probs):
        return None
    parameters = library.CtcSegmentationParameters(
        index_duration=1.0, blank=vocabulary.blank, char_list=[str(index) for index in range(log_probs.shape[1])]
    )
    parameters.min_window_size = max(parameters.min_window_size, len(log_probs))
    starts, path, _ = library.ctc_segmentation(parameters, log_probs, np.array(symbols, np.int64)[:, None])
    times = np.full((len(spelled), 2), np.nan)
    probabilities = np.zeros(len(spelled))
    for row, (first, last) in places.items():
        start = int(starts[first])
        # The path ends as early as possible, so the symbol after the last character does not bound its end.
        latest = len(log_probs) if last + 2 == len(symbols) else int(starts[last + 1])
        end = _end_of(log_probs, symbols[last], vocabulary.blank, int(starts[last]), latest)
        times[row] = start * hop_s, end * hop_s
        probabilities[row] = np.exp(path[start:end].mean())
    return Segmentation(times, probabilities)


def agreement(
    log_probs: Float32[np.ndarray, "frames symbols"], spelled: Sequence[list[int]], vocabulary: Vocabulary
) -> float:
    """Agreement of the greedy output with the transcript: 1 - edit distance / length of the longer, 0 to 1."""
    best = log_probs.argmax(axis=1)
    changed = np.concatenate([[True], best[1:] != best[:-1]])
    silent = {vocabulary.blank, vocabulary.delimiter}
    heard = [int(symbol) for symbol in best[changed] if symbol not in silent]
    expected = [symbol for word in spelled for symbol in word]
    return 1 - _edit_distance(heard, expected) / max(len(heard), len(expected), 1)


def _one_line(spelled: Sequence[list[int]], vocabulary: Vocabulary) -> tuple[list[int], dict[int, tuple[int, int]]]:
    """Symbols of the whole transcript with delimiters, and the first and last position of each word."""
    between = vocabulary.blank if vocabulary.delimiter is None else vocabulary.delimiter
    symbols = [-1, vocabulary.blank]
    places: dict[int, tuple[int, int]] = {}
    for row, word in enumerate(spelled):
        if word:
            if places:
                symbols.append(between)
            places[row] = (len(symbols), len(symbols) + len(word) - 1)
            symbols += word
    return [*symbols, vocabulary.blank], places


def _end_of(log_probs: Float32[np.ndarray, "frames symbols"], symbol: int, blank: int, start: int, latest: int) -> int:
    end = start + 1
    while end < latest and log_probs[end, symbol] > log_probs[end, blank]:
        end += 1
    return end


def _edit_distance(one: Sequence[int], other: Sequence[int]) -> int:
    """Levenshtein's distance, row by row."""
    target = np.array(other, np.int64)
    steps = np.arange(len(target) + 1)
    row = steps.copy()
    for count, symbol in enumerate(one, 1):
        replaced = row[:-1] + (target != symbol)
        best = np.concatenate([[count], np.minimum(row[1:] + 1, replaced)])
        row = np.minimum.accumulate(best - steps) + steps
    return int(row[-1])
