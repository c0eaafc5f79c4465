"""Word timings that come with the dataset, matched to the words of the transcript.

Source of the matching: Ratcliff and Metzener 1988, as in Python's difflib.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from pipeline.extractors._base import ClipInput, ExtractorConfig
from pipeline.extractors._words.aligner import SpokenTimes, WordsExtractor
from pipeline.media.audio import Sound
from pipeline.words.normalise import spoken_words
from pipeline.words.proportional import share_out
from pipeline.words.spans import word_spans
from pipeline.words.timed import TimedWord

VERSION = 2
MODALITY = "words"
READS = ("sound", "text", "words")
REQUIRES = ("num2words",)
SHARD_CLIPS = 1024


class Config(ExtractorConfig):
    """Settings of the matching."""

    min_confidence: float = Field(0.9, ge=0, le=1)
    """Clips with a lower confidence do not match their transcript.
    Confidence is 2 x matched / (given + spoken words)."""
    min_matched: float = Field(0.5, ge=0, le=1)
    """Below this confidence the given times are not used: words are spread by length instead."""


class GivenExtractor(WordsExtractor):
    """Uses given word timings; a word without a match is placed between its neighbours and flagged.

    In a clip without given times, words are spread by length. The pack's card lists such clips.

    Args:
        config: settings.
    """

    method = "given"

    def __init__(self, config: Config):
        self._config = config

    def align(self, clip: ClipInput, sound: Sound, words: Sequence[str]) -> SpokenTimes | None:
        """Match given words to spoken ones; None if the dataset has no word timings for the clip."""
        if clip.given_words is None:
            return None
        given, given_times = _spoken_of(clip.given_words, clip.language)
        matcher = SequenceMatcher(None, given, list(words), autojunk=False)
        times = np.full((len(words), 2), np.nan)
        for block in matcher.get_matching_blocks():
            times[block.b : block.b + block.size] = given_times[block.a : block.a + block.size]
        inside = (times[:, 1] > 0) & (times[:, 0] < sound.duration_s)  # NaN is neither
        times[~inside] = np.nan
        confidence = 2 * int(inside.sum()) / (len(given) + len(words))
        return SpokenTimes(
            times=times,
            word_confidences=inside.astype(np.float64),
            confidence=confidence,
            agrees=confidence >= self._config.min_confidence,
            is_usable=confidence >= self._config.min_matched and bool(inside.any()),
            notes={"given_words": len(clip.given_words)},
        )


def _spoken_of(given: Sequence[TimedWord], language: str) -> tuple[list[str], Float64[np.ndarray, "spoken 2"]]:
    """Normalise given words like the transcript; several spoken words share the time of their given word."""
    words: list[str] = []
    times: list[Float64[np.ndarray, "_ 2"]] = []
    for item in sorted(given, key=lambda word: (word.start_s, word.end_s)):
        spoken = [word.word for word in spoken_words(item.word, word_spans(item.word, language), language)]
        if spoken and item.end_s > item.start_s:
            words += spoken
            times.append(share_out(spoken, (item.start_s, item.end_s)))
    return words, np.concatenate(times) if times else np.zeros((0, 2))


extractor = GivenExtractor
