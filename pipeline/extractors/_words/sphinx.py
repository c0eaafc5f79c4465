"""Forced alignment and its check by PocketSphinx 5, with the US English model and dictionary of its wheel.

Source: Huggins-Daines et al. 2006, https://doi.org/10.1109/ICASSP.2006.1659988; the check follows the garbage models
of keyword spotting, Rose and Paul 1990, https://doi.org/10.1109/ICASSP.1990.115555.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int16

FRAME_S = 0.01
#: No lattice pass: with the defaults a third of clean clips with digital silence fail. Silence costs nothing
#: (``silprob``, ``lw``), or words stretch over it.
_SETTINGS = {"lm": None, "bestpath": False, "lw": 1.0, "wip": 1.0, "silprob": 1.0, "loglevel": "FATAL"}
#: One hard second in a long clip loses the path of narrower beams; the loose search, far costlier, gets short pieces.
STRICT_BEAMS = {"beam": 1e-120, "pbeam": 1e-120, "wbeam": 1e-100}
LOOSE_BEAMS = {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60}
#: Exact zeros break the features; noise of a few steps of 16 bits is far below any microphone's.
_DITHER_STEPS = 5.0
_DITHER_SEED = 0
#: The loop needs no full set of phonemes to follow speech; fewer cost less time and excuse less.
_LOOP_PHONEMES = (
    *("AA", "AE", "AH", "EH", "ER", "EY", "IH", "IY", "OW", "UW"),
    *("B", "F", "K", "L", "N", "S", "SH", "T", "W"),
)
#: Probabilities of leaving a word out, of entering the loop, and of each phoneme in it.
_SKIP, _ENTER_LOOP, _PHONEME = 1e-20, 1e-20, 3e-5
_LOOP_PREFIX = "_"
_PIECE_WORDS, _LONGEST_PIECE_WORDS = 12, 20


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the best path.

    Attributes:
        word: the word; a phoneme with ``_`` before it in the loop; ``<sil>`` and the like.
        start: first frame.
        end: frame after the last.
    """

    word: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """True for a word of the transcript."""
        return self.word[0] not in "<[(_"

    @property
    def is_loop(self) -> bool:
        """True for a phoneme that no word accounts for."""
        return self.word.startswith(_LOOP_PREFIX)


class SphinxDecoder:
    """One decoder for many clips; its result does not depend on earlier clips.

    Args:
        beams: PocketSphinx's beam widths.

    Raises:
        ImportError: pocketsphinx is not installed.
    """

    def __init__(self, beams: Mapping[str, float]) -> None:
        import pocketsphinx

        self._decoder = pocketsphinx.Decoder(pocketsphinx.Config(**_SETTINGS, **beams))
        for phoneme in _LOOP_PHONEMES:
            self._decoder.add_word(_loop_word(phoneme), phoneme, phoneme == _LOOP_PHONEMES[-1])

    def unknown(self, words: Sequence[str]) -> list[str]:
        """The words that the dictionary lacks, sorted."""
        return sorted({word for word in words if self._decoder.lookup_word(word) is None})

    def learn(self, word: str, phonemes: str) -> None:
        """Add a word to the dictionary, its ARPAbet phonemes with blanks between them."""
        self._decoder.add_word(word, phonemes, True)  # noqa: FBT003 - the library's signature

    def align(self, samples: Int16[np.ndarray, "samples"], words: Sequence[str]) -> list[Segment] | None:
        """The best path through exactly these words with optional silence; None if there is none."""
        self._decoder.set_align_text(" ".join(words))
        path = self._best_path(samples)
        if path is None or sum(segment.is_word for segment in path) != len(words):
            return None
        return path

    def align_loosely(self, samples: Int16[np.ndarray, "samples"], words: Sequence[str]) -> list[Segment] | None:
        """The best path in which words may be skipped and a loop of phonemes may come between words."""
        self._decoder.add_fsg("loose", self._decoder.create_fsg("loose", 0, len(words), _loose_grammar(words)))
        self._decoder.activate_search("loose")
        return self._best_path(samples)

    def _best_path(self, samples: Int16[np.ndarray, "samples"]) -> list[Segment] | None:
        self._decoder.reinit_feat()  # otherwise the front end's state from earlier clips can move a border
        self._decoder.start_utt()
        self._decoder.process_raw(samples.tobytes(), no_search=False, full_utt=True)
        self._decoder.end_utt()
        if self._decoder.hyp() is None:
            return None
        return [
            Segment(segment.word.partition("(")[0] or segment.word, segment.start_frame, segment.end_frame + 1)
            for segment in self._decoder.seg()
        ]


def pieces(path: Sequence[Segment]) -> list[list[Segment]]:
    """Split a path at pauses into pieces of about a dozen words."""
    cut: list[list[Segment]] = [[]]
    num_words = 0
    for segment in path:
        if num_words >= _PIECE_WORDS and (not segment.is_word or num_words >= _LONGEST_PIECE_WORDS):
            cut.append([])
            num_words = 0
        cut[-1].append(segment)
        num_words += segment.is_word
    return [piece for piece in cut if any(segment.is_word for segment in piece)]


def dithered(samples: Int16[np.ndarray, "samples"]) -> Int16[np.ndarray, "samples"]:
    """Add the same faint noise to every clip."""
    noise = np.random.default_rng(_DITHER_SEED).uniform(-_DITHER_STEPS, _DITHER_STEPS, len(samples))
    return np.clip(np.rint(samples + noise), -32768, 32767).astype(np.int16)


def _loose_grammar(words: Sequence[str]) -> list[tuple[Any, ...]]:
    """Transitions (from, to, probability, word); states 0..n are between words, n+1..2n+1 are their loops."""
    transitions: list[tuple[Any, ...]] = []
    for place in range(len(words) + 1):
        loop = len(words) + 1 + place
        transitions += [(place, loop, _ENTER_LOOP), (loop, place, 1.0)]
        transitions += [(loop, loop, _PHONEME, _loop_word(phoneme)) for phoneme in _LOOP_PHONEMES]
    for place, word in enumerate(words):
        transitions += [(place, place + 1, 1.0, word), (place, place + 1, _SKIP)]
    return transitions


def _loop_word(phoneme: str) -> str:
    return _LOOP_PREFIX + phoneme.lower()
