"""The five corruptions, their levels, and the random numbers of a clip."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Literal, get_args

import numpy as np

from pipeline.core.errors import ConfigError
from pipeline.core.types import Modality

CorruptionName = Literal["missing_text", "shuffled_words", "dropped_frames", "blur", "audio_noise"]
MediaCorruption = Literal["blur", "audio_noise"]
CorruptionLevel = Literal[1, 2, 3, 4]

CORRUPTIONS: tuple[CorruptionName, ...] = get_args(CorruptionName)
#: Level 0 is the clean clip.
LEVELS: tuple[CorruptionLevel, ...] = get_args(CorruptionLevel)
#: Strength of levels 1 to 4: chance of an empty sentence, part of the words, part of the rows, standard deviation in
#: pixels of a picture whose shorter side is 256, signal-to-noise ratio in dB.
STRENGTHS: Mapping[CorruptionName, tuple[float, float, float, float]] = {
    "missing_text": (0.1, 0.3, 0.5, 1.0),
    "shuffled_words": (0.25, 0.5, 0.75, 1.0),
    "dropped_frames": (0.1, 0.3, 0.5, 0.7),
    "blur": (1.0, 3.0, 5.0, 8.0),
    "audio_noise": (20.0, 10.0, 5.0, 0.0),
}
#: Strengths of the feature-space proxies, in standard deviations of the train split.
PROXY_STRENGTHS: Mapping[CorruptionName, tuple[float, float, float, float]] = {
    "blur": (0.1, 0.3, 0.6, 1.0),
    "audio_noise": (0.1, 0.3, 0.6, 1.0),
}
#: Corruptions of the media itself, before extraction, and the modality that they change.
MEDIA_MODALITY: Mapping[CorruptionName, Modality] = {"blur": "vision", "audio_noise": "audio"}
#: The part of the media that an extractor must read for a corruption to change its features.
MEDIA_SOURCES: Mapping[CorruptionName, str] = {"blur": "video", "audio_noise": "sound"}
#: Raise it when a level corrupts media differently.
VERSION = 1


@dataclass(frozen=True)
class Corruption:
    """One corruption of one strength.

    Attributes:
        name: one of `CORRUPTIONS`.
        strength: in its own unit.
        seed: of the random numbers.
    """

    name: CorruptionName
    strength: float
    seed: int = 0

    def described(self) -> dict[str, Any]:
        """The part of a corrupted feature's fingerprint that the extractor does not give."""
        return {**asdict(self), "version": VERSION}


def at_level(name: str, level: int, *, seed: int = 0) -> Corruption:
    """A corruption at one of its four levels.

    Raises:
        ConfigError: no such corruption or level.
    """
    known = next((known for known in CORRUPTIONS if known == name), None)
    if known is None:
        raise ConfigError(f"no corruption '{name}'; valid: {', '.join(CORRUPTIONS)}")
    if level not in LEVELS:
        raise ConfigError(f"level {level} of {name}; expected {LEVELS[0]} to {LEVELS[-1]}")
    return Corruption(known, STRENGTHS[known][level - 1], seed)


def random_of(clip_id: str, *, name: CorruptionName, seed: int) -> np.random.Generator:
    """Random numbers that depend on the arguments alone.

    They do not depend on the strength: what a level corrupts, every stronger level corrupts too.
    """
    mixed = sha256(f"{name}\n{seed}\n{clip_id}".encode()).digest()
    return np.random.default_rng(int.from_bytes(mixed[:16], "big"))
