"""Speech with known word timings, by espeak-ng through ctypes.

espeak reports the position in the text at which each spoken word starts, but not for a word that it merges with the one
before ("was a" is one entry of its dictionary). The span of merged words is split at the phoneme, also reported, that
is nearest to their share of letters. A word ends where the next one begins, or where a pause
begins, so that the silence at a comma belongs to no word.
"""

import ctypes
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int16

from pipeline.words.espeak import loaded_espeak

RATE_HZ = 22_050

_PHONEME_EVENTS, _UTF8 = 1, 1
_EVENT_WORD, _EVENT_END, _EVENT_PHONEME = 1, 5, 7
_PAUSE = b"_"
_RATE, _PITCH, _PITCH_RANGE = 1, 3, 4


@dataclass(frozen=True)
class Prosody:
    """How a sentence is spoken.

    Attributes:
        voice: name of an espeak voice, with its variant; not a breathy one, whose noise depends on the clock.
        words_per_min: speaking rate, 80 to 450.
        pitch: 0 to 100.
        pitch_range: 0 (monotone) to 100.
        rms: root mean square of the samples, in steps of 16 bits.
    """

    voice: str = "en-us+f1"
    words_per_min: int = 175
    pitch: int = 50
    pitch_range: int = 50
    rms: float = 3000.0


@dataclass(frozen=True)
class SpokenWord:
    """One word and its time in the sound."""

    word: str
    start_s: float
    end_s: float


class _Event(ctypes.Structure):
    """``espeak_EVENT`` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass
class _Recording:
    """Audio and events from espeak; times in seconds."""

    chunks: list[np.ndarray] = field(default_factory=list)
    words: list[tuple[int, float]] = field(default_factory=list)
    phonemes_s: list[float] = field(default_factory=list)
    pauses_s: list[float] = field(default_factory=list)

    def collect(self, samples: Any, count: int, events: Any) -> int:
        """Collect one block of audio and its events; 0 makes espeak continue."""
        if samples and count > 0:
            self.chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].type:
            self._note(events[index])
            index += 1
        return 0

    def _note(self, event: _Event) -> None:
        time_s = event.audio_position_ms / 1000
        if event.type == _EVENT_WORD:
            self.words.append((event.text_position - 1, time_s))
        elif event.type == _EVENT_END or (event.type == _EVENT_PHONEME and event.id.startswith(_PAUSE)):
            self.pauses_s.append(time_s)
        elif event.type == _EVENT_PHONEME:
            self.phonemes_s.append(time_s)


def speak(text: str, prosody: Prosody) -> tuple[Int16[np.ndarray, "samples"], list[SpokenWord]]:
    """Speak an English sentence; the same arguments give the same samples.

    Args:
        text: ASCII, at least one word.
        prosody: how to speak it.

    Returns:
        Sound at 22,050 Hz without leading silence, and the time of each of its words.

    Raises:
        MissingDependencyError: espeak-ng cannot be loaded, or lacks the voice.
    """
    recording = _Recording()
    with loaded_espeak(prosody.voice, options=_PHONEME_EVENTS) as espeak:
        callback = _Callback(recording.collect)
        espeak.espeak_SetSynthCallback(callback)
        _set_prosody(espeak, prosody)
        encoded = text.encode("ascii")
        espeak.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
        espeak.espeak_Synchronize()
    sound = np.concatenate(recording.chunks).astype(np.float64)
    sound *= prosody.rms / np.sqrt((sound**2).mean())
    return sound.clip(-32768, 32767).astype(np.int16), _time_words(text, recording)


def _set_prosody(espeak: ctypes.CDLL, prosody: Prosody) -> None:
    espeak.espeak_SetParameter(_RATE, prosody.words_per_min, 0)
    espeak.espeak_SetParameter(_PITCH, prosody.pitch, 0)
    espeak.espeak_SetParameter(_PITCH_RANGE, prosody.pitch_range, 0)


def _time_words(text: str, recording: _Recording) -> list[SpokenWord]:
    """Times of all words of the text."""
    positions = [position for position, _ in recording.words]
    groups: list[list[str]] = [[] for _ in positions]
    for match in re.finditer(r"[A-Za-z']+", text):
        groups[bisect_right(positions, match.start()) - 1].append(match.group())
    borders_s = sorted({*(start_s for _, start_s in recording.words), *recording.pauses_s})
    times: list[SpokenWord] = []
    for group, (_, start_s) in zip(groups, recording.words, strict=True):
        end_s = borders_s[bisect_right(borders_s, start_s)]
        times += _share_span(group, (start_s, end_s), recording.phonemes_s)
    return times


def _share_span(words: list[str], span_s: tuple[float, float], phonemes_s: list[float]) -> list[SpokenWord]:
    """Split a span between merged words, at phonemes, in proportion to their letters."""
    start_s, end_s = span_s
    inner_s = [time_s for time_s in phonemes_s if start_s < time_s < end_s]
    # The first phoneme starts with the span, whatever delay espeak reports for it.
    starts_s = [start_s, *inner_s[1:]]
    letters = np.cumsum([0, *map(len, words)]) / max(sum(map(len, words)), 1)
    cuts_s = [*(starts_s[round(share * len(starts_s))] for share in letters[:-1]), end_s]
    return [SpokenWord(*item) for item in zip(words, cuts_s[:-1], cuts_s[1:], strict=True)]
