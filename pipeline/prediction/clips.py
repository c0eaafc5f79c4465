"""Unlabelled videos to predict, with their words."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.words.timed import TimedWord


@dataclass(frozen=True)
class NewClip:
    """A video to predict.

    Attributes:
        media: the file.
        text: the transcript, if given.
        text_from: source of the text, for the output.
        words: the words with their times, if given.
    """

    media: Path
    text: str | None = None
    text_from: str = ""
    words: tuple[TimedWord, ...] | None = None

    @property
    def clip_id(self) -> str:
        """The path as given: unique among the clips of one call."""
        return str(self.media)
