"""Word timings by forced alignment with PocketSphinx: English, offline, nothing to download.

A second, loose alignment may skip words and insert phonemes between them. Skipped words and unexplained speech reveal a
transcript that is wrong, incomplete or too long.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int16
from pydantic import Field

from pipeline.core.errors import FeatureError
from pipeline.extractors._base import ClipInput, ExtractorConfig
from pipeline.extractors._words.aligner import SpokenTimes, WordsExtractor
from pipeline.extractors._words.sphinx import (
    FRAME_S,
    LOOSE_BEAMS,
    STRICT_BEAMS,
    Segment,
    SphinxDecoder,
    dithered,
    pieces,
)
from pipeline.media.audio import RATE_HZ, Sound
from pipeline.words.pronounce import pronounce
from pipeline.words.voiced import is_loud

VERSION = 1
MODALITY = "words"
READS = ("sound", "text")
REQUIRES = ("pocketsphinx", "espeakng-loader", "num2words")
SHARD_CLIPS = 256

#: A word after silence begins with the first frame this far above the background (see ``is_loud``). In noise the
#: level does not show weak consonants.
_ONSET, _ONSET_RANGE_DB = 0.4, 25.0
_LEAST_WORD_FRAMES = 3
#: Frames this far above the background count as speech.
_SPEECH = 0.5
#: Tolerated in a correct transcript: skipped words, and seconds of speech without a word; more in longer clips.
_FREE_WORDS, _FREE_WORDS_PART = 1.0, 0.05
_FREE_S, _FREE_S_PART = 0.2, 0.02


class Config(ExtractorConfig):
    """Settings of the forced alignment."""

    min_confidence: float = Field(0.5, ge=0, le=1)
    """Clips with a lower confidence do not match their transcript: their words are spread by length instead. 0.5
    tolerates one skipped word (and one more in 20), or 0.2 s of speech without a word (and 2 % of the speech)."""


class SphinxExtractor(WordsExtractor):
    """Aligns English transcripts.

    Args:
        config: settings.

    Raises:
        ImportError: pocketsphinx is not installed.
    """

    method = "sphinx"

    def __init__(self, config: Config):
        self._config = config
        self._strict = SphinxDecoder(STRICT_BEAMS)
        self._loose = SphinxDecoder(LOOSE_BEAMS)

    def align(self, clip: ClipInput, sound: Sound, words: Sequence[str]) -> SpokenTimes | None:
        """Align, then compare with the loose alignment.

        Raises:
            FeatureError: the transcript is not English.
        """
        _require_english(clip)
        unpronounceable = self._learn(words)
        rows = [row for row, word in enumerate(words) if word not in unpronounceable]
        samples = dithered(sound.samples)
        strict = self._strict.align(samples, [words[row] for row in rows]) if rows else None
        if strict is None:
            return None
        loose = self._align_loosely(samples, strict)
        times, confidences = np.full((len(words), 2), np.nan), np.zeros(len(words))
        times[rows], confidences[rows] = _refined(strict, sound), _overlaps(strict, loose)
        skipped = len(rows) - sum(segment.is_word for segment in loose)
        confidence, unexplained_s = _confidence(loose, skipped, len(rows), sound)
        agrees = confidence >= self._config.min_confidence
        notes = {"skipped_words": skipped, "unexplained_s": unexplained_s}
        return SpokenTimes(times, confidences, confidence, agrees, agrees, notes)

    def _learn(self, words: Sequence[str]) -> set[str]:
        """Add unknown words to the dictionary; returns those without a pronunciation."""
        unknown = self._strict.unknown(words)
        pronunciations = dict(zip(unknown, pronounce(unknown), strict=True)) if unknown else {}
        for word, phonemes in pronunciations.items():
            if phonemes:
                self._strict.learn(word, phonemes)
                self._loose.learn(word, phonemes)
        return {word for word, phonemes in pronunciations.items() if not phonemes}

    def _align_loosely(self, samples: Int16[np.ndarray, "samples"], strict: Sequence[Segment]) -> list[Segment]:
        """Align loosely, piece by piece of the strict path; a piece without a path counts as skipped."""
        segments: list[Segment] = []
        cuts = pieces(strict)
        borders = [0, *(piece[0].start for piece in cuts[1:]), strict[-1].end]
        for piece, start, end in zip(cuts, borders[:-1], borders[1:], strict=True):
            heard = samples[round(start * FRAME_S * RATE_HZ) : round(end * FRAME_S * RATE_HZ)]
            path = self._loose.align_loosely(heard, [segment.word for segment in piece if segment.is_word])
            segments += [Segment(part.word, part.start + start, part.end + start) for part in path or ()]
        return segments


def _require_english(clip: ClipInput) -> None:
    if clip.language.lower().split("-")[0] != "en":
        raise FeatureError(
            f"{clip.clip_id}: the transcript's language is {clip.language}; words_sphinx supports English only; "
            "use words_ctc with weights for that language, or words_given"
        )


def _refined(path: Sequence[Segment], sound: Sound) -> Float64[np.ndarray, "spoken 2"]:
    """Times of the words; a word after a pause starts no earlier than its sound."""
    audible = is_loud(sound, above_floor=_ONSET, least_range_db=_ONSET_RANGE_DB)
    times = []
    after_pause = True
    for segment in path:
        if segment.is_word:
            start, latest = segment.start, segment.end - _LEAST_WORD_FRAMES
            heard = np.flatnonzero(audible[start:latest]) if after_pause else np.zeros(0)
            times.append((start + int(heard[0]) if len(heard) else start, segment.end))
        after_pause = not segment.is_word
    return np.array(times, np.float64) * FRAME_S


def _overlaps(strict: Sequence[Segment], loose: Sequence[Segment]) -> Float64[np.ndarray, "spoken"]:
    """For each word: intersection over union with the same word of the loose path, 0 if it is not there."""
    overlaps = []
    for word in (segment for segment in strict if segment.is_word):
        same = (other for other in loose if other.word == word.word and other.start < word.end > word.start)
        shares = (
            max(0, min(word.end, other.end) - max(word.start, other.start))
            / (max(word.end, other.end) - min(word.start, other.start))
            for other in same
        )
        overlaps.append(max(shares, default=0.0))
    return np.array(overlaps, np.float64)


def _confidence(loose: Sequence[Segment], skipped: int, num_words: int, sound: Sound) -> tuple[float, float]:
    """How well the transcript fits: 1 without contradiction, 0.5 at the tolerated limit, falling to 0.

    Returns:
        The confidence, and the seconds of speech without a word.
    """
    speech = is_loud(sound, above_floor=_SPEECH)
    unexplained_s = FRAME_S * sum(float(speech[part.start : part.end].sum()) for part in loose if part.is_loop)
    free_s = _FREE_S + _FREE_S_PART * FRAME_S * float(speech.sum())
    excess = max(skipped / (_FREE_WORDS + _FREE_WORDS_PART * num_words), unexplained_s / free_s)
    return 1 / (1 + excess), unexplained_s


extractor = SphinxExtractor
