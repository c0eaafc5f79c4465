"""The base of word aligners: transcript to spoken words, and their times back to raw words."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float64, Int32

from pipeline.core.errors import FeatureError
from pipeline.extractors._base import ClipInput, Extractor
from pipeline.features.features import Features
from pipeline.media.audio import Sound
from pipeline.words.normalise import Spoken, spoken_words
from pipeline.words.proportional import fill_gaps, spread_over_sound
from pipeline.words.spans import word_spans


@dataclass(frozen=True)
class SpokenTimes:
    """Times of the spoken words of a clip.

    Attributes:
        times: start and end in seconds; NaN for a word without a time.
        word_confidences: 0 to 1 for each spoken word.
        confidence: 0 to 1 for the clip: how well audio and transcript match.
        agrees: False if the transcript does not match the audio.
        is_usable: False if the times should not be used.
        notes: further values to store with the clip.
    """

    times: Float64[np.ndarray, "spoken 2"]
    word_confidences: Float64[np.ndarray, "spoken"]
    confidence: float
    agrees: bool
    is_usable: bool
    notes: Mapping[str, float | int | str] = field(default_factory=dict)


class WordsExtractor(Extractor):
    """Times the raw words of a transcript; words without a time are placed by length and flagged."""

    #: Value of the note ``method``.
    method: ClassVar[str]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """``confidence`` of the word, 0 to 1, and ``is_fallback``, 1 if its time is estimated from its length."""
        return ("confidence", "is_fallback")

    @abstractmethod
    def align(self, clip: ClipInput, sound: Sound, words: Sequence[str]) -> SpokenTimes | None:
        """Time the spoken words; None if the method fails on this clip.

        Raises:
            FeatureError: the method does not support this clip, such as its language.
        """

    def extract(self, clip: ClipInput) -> Features:
        """Time the words of one clip: a row for each raw word.

        Rows whose word is not spoken, such as a dash, are masked and have no time. Intervals are ordered, within the
        clip and not empty. If the method fails, or the transcript does not match, all words are spread over the loud
        parts of the clip. Extras: ``word_spans`` (words 2; characters of the transcript). Notes: ``method`` (or
        ``proportional``), ``confidence``, ``agrees`` and the notes of the method.

        Raises:
            FeatureError: no sound, no spoken word, or a language that the method does not support.
        """
        sound, text = _checked(clip)
        spans = word_spans(text, clip.language)
        spoken = spoken_words(text, spans, clip.language)
        if not spoken:
            raise FeatureError(
                f"{clip.clip_id}: no word of the transcript {text[:60]!r} is spoken; expected at least one"
            )
        alignment = self.align(clip, sound, [word.word for word in spoken])
        notes: dict[str, float | int | str] = {"method": self.method, "confidence": 0.0, "agrees": 0}
        if alignment is not None:
            notes |= {"confidence": alignment.confidence, "agrees": int(alignment.agrees), **alignment.notes}
        if alignment is None or not alignment.is_usable:
            return _features(spans, _spread(spoken, sound, len(spans)), notes | {"method": "proportional"})
        return _features(spans, _to_raw(alignment, spoken, sound, len(spans)), notes)


@dataclass(frozen=True)
class _RawTimes:
    """Times of raw words; NaN for those that are not spoken."""

    times: Float64[np.ndarray, "words 2"]
    confidences: Float64[np.ndarray, "words"]
    is_fallback: Bool[np.ndarray, "words"]


def _checked(clip: ClipInput) -> tuple[Sound, str]:
    if clip.sound is None or clip.text is None:
        raise FeatureError(f"{clip.clip_id}: no sound or no transcript was given; expected both")
    if len(clip.sound.samples) == 0:
        raise FeatureError(f"{clip.clip_id}: the sound is empty; expected at least one sample")
    return clip.sound, clip.text


def _spread(spoken: Sequence[Spoken], sound: Sound, num_words: int) -> _RawTimes:
    times = np.full((num_words, 2), np.nan)
    raw = sorted({word.raw for word in spoken})
    letters = ["".join(word.word for word in spoken if word.raw == index) for index in raw]
    times[raw] = spread_over_sound(letters, sound)
    return _RawTimes(times, np.zeros(num_words), ~np.isnan(times[:, 0]))


def _to_raw(alignment: SpokenTimes, spoken: Sequence[Spoken], sound: Sound, num_words: int) -> _RawTimes:
    """Merge the times of the spoken words of each raw word; words without one go between their neighbours."""
    times = np.full((num_words, 2), np.nan)
    confidences = np.zeros(num_words)
    raw = np.array([word.raw for word in spoken])
    for index in np.unique(raw):
        own = alignment.times[raw == index]
        if not np.isnan(own[:, 0]).all():
            times[index] = np.nanmin(own[:, 0]), np.nanmax(own[:, 1])
            confidences[index] = alignment.word_confidences[raw == index].mean()
    timed = np.unique(raw)
    ordered = in_order(times[timed], sound.duration_s)
    if np.isnan(ordered[:, 0]).all():
        return _spread(spoken, sound, num_words)
    letters = ["".join(word.word for word in spoken if word.raw == index) for index in timed]
    times[timed] = fill_gaps(letters, ordered, sound)
    guessed = np.zeros(num_words, bool)
    guessed[timed] = np.isnan(ordered[:, 0])
    return _RawTimes(times, np.where(guessed, 0.0, confidences), guessed)


def in_order(times: Float64[np.ndarray, "words 2"], duration_s: float) -> Float64[np.ndarray, "words 2"]:
    """Clip intervals to the clip and to the start of the next word; empty or unordered intervals become NaN."""
    ordered = np.clip(times, 0.0, duration_s)
    next_start_s = duration_s
    for row in range(len(ordered) - 1, -1, -1):
        start_s, end_s = ordered[row, 0], min(ordered[row, 1], next_start_s)
        if np.isnan(start_s) or end_s <= start_s:
            ordered[row] = np.nan
        else:
            ordered[row, 1], next_start_s = end_s, start_s
    return ordered


def _features(
    spans: Int32[np.ndarray, "words 2"], words: _RawTimes, notes: Mapping[str, float | int | str]
) -> Features:
    mask = ~np.isnan(words.times[:, 0])
    values = np.stack([words.confidences, words.is_fallback], axis=1).astype(np.float32)
    return Features(
        values=np.where(mask[:, None], values, np.float32(0)),
        times=words.times,
        mask=mask,
        extras={"word_spans": spans},
        notes=notes,
    )
