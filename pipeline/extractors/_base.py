"""The interface of an extractor: settings, weights, and features from decoded input. It does no file access.

A file ``pipeline/extractors/<name>.py`` is an extractor. It defines constants that are read without importing it

    VERSION = 1                    # raise it whenever the numbers change
    MODALITY = "audio"             # text, audio, vision, or words for word timings
    READS = ("sound",)             # of: text, sound, video, and, with text: words, context
    REQUIRES = ("opensmile",)      # distributions whose version affects the numbers
    SHARD_CLIPS = 256              # clips per job, a power of two: start-up cost against work per clip

and ``Config`` (settings) and ``extractor`` (the class). Heavy libraries are imported in the constructor, so that
reading the settings costs nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.config.base import Settings
from pipeline.features.features import Features
from pipeline.media.audio import Sound
from pipeline.media.video import Video
from pipeline.words.timed import TimedWord


class ExtractorConfig(Settings):
    """Base of the settings of an extractor."""


@dataclass(frozen=True)
class ClipInput:
    """Input of an extractor. Only the parts named in its ``READS`` are set.

    Attributes:
        clip_id: for messages only.
        text: the transcript, not blank.
        language: BCP 47 code such as ``en`` or ``zh``.
        sound: the clip's audio, 16 kHz mono.
        video: the clip's frames; each iteration decodes them again.
        given_words: word timings of the dataset; None if it has none for this clip.
        before: turns of the conversation before the clip, oldest first, for datasets with ``context:``.
        after: turns after it.
    """

    clip_id: str
    text: str | None = None
    language: str = "en"
    sound: Sound | None = None
    video: Video | None = None
    given_words: tuple[TimedWord, ...] | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Extractor(ABC):
    """Turns decoded input into features. One object serves many clips; no clip influences another."""

    #: Clips per call of ``extract_batch``; more than one is faster only if the computation is batched.
    batch_size: ClassVar[int] = 1

    @classmethod
    def weight_files(cls, config: Any) -> Mapping[str, Path]:
        """Files whose content affects the numbers, by a name that is the same on every machine.

        Args:
            config: settings of this extractor.

        Raises:
            MissingDependencyError: a weight file is absent.
        """
        return {}

    @classmethod
    def libraries(cls, config: Any) -> tuple[str, ...] | None:
        """Distributions whose version affects the numbers under these settings; None for the file's ``REQUIRES``."""
        return None

    @property
    @abstractmethod
    def feature_names(self) -> tuple[str, ...]:
        """One name for each column of ``Features.values``."""

    @abstractmethod
    def extract(self, clip: ClipInput) -> Features:
        """Compute the features of one clip.

        Raises:
            ClipError: this clip cannot be processed; it goes to the quarantine.
        """

    def extract_batch(self, clips: Sequence[ClipInput]) -> list[Features]:
        """Compute the features of several clips; the result of a clip never depends on its neighbours."""
        return [self.extract(clip) for clip in clips]

    def close(self) -> None:  # noqa: B027 - most extractors hold nothing
        """Release the extractor's resources."""
