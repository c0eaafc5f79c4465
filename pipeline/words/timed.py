"""A word with its time."""

from dataclasses import dataclass

from pipeline.core.types import Seconds


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A spoken word of a clip.

    Attributes:
        word: the word as written.
        start_s: start in seconds of the clip.
        end_s: end in seconds of the clip, half-open.
    """

    word: str
    start_s: Seconds
    end_s: Seconds
