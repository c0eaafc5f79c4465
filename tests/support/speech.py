"""Speech whose word timings are known, without the pictures of a demo clip."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pipeline.demo.voice import SpokenWord
    from pipeline.media.audio import Sound

PAUSE_S = 0.3


@cache
def _say(text: str, words_per_min: int) -> "tuple[Sound, list[SpokenWord]]":
    from scipy.signal import resample_poly

    from pipeline.demo.voice import RATE_HZ as VOICE_HZ
    from pipeline.demo.voice import Prosody, SpokenWord, speak
    from pipeline.media.audio import RATE_HZ, Sound

    samples, words = speak(text, Prosody(words_per_min=words_per_min))
    resampled = resample_poly(samples.astype(np.float64), 320, round(320 * VOICE_HZ / RATE_HZ))
    pause = np.zeros(round(PAUSE_S * RATE_HZ))
    sound = Sound(np.concatenate([pause, resampled, pause]).clip(-32768, 32767).astype(np.int16))
    return sound, [SpokenWord(word.word, word.start_s + PAUSE_S, word.end_s + PAUSE_S) for word in words]


@pytest.fixture(scope="session")
def say() -> "Callable[..., tuple[Sound, list[SpokenWord]]]":
    """Say an English sentence between two digital silences."""

    def spoken(text: str, words_per_min: int = 165) -> "tuple[Sound, list[SpokenWord]]":
        return _say(text, words_per_min)

    return spoken
