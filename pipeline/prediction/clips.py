"""Videos that nobody labelled: which files, with which words."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.words.timed import TimedWord


@dataclass(frozen=True)
class NewClip:
    """A video to predict.

    Attributes:
        media: the file.
        text: what is said; None where nobody tells.
        text_from: where the text comes from, for the output.
        words: when each word is said; None where nobody tells.
    """

    media: Path
    text: str | None = None
    text_from: str = ""
    words: tuple[TimedWord, ...] | None = None

    @property
    def clip_id(self) -> str:
        """The path as it was given: unique among the clips of one call."""
        return str(self.media)
