"""The constants of an extractor's file, as one typed object; read without importing the extractor."""

from dataclasses import dataclass, fields
from functools import cache

from pipeline.core import plugins
from pipeline.core.errors import ConfigError


@dataclass(frozen=True)
class ExtractorFacts:
    """Constants of ``pipeline/extractors/<name>.py``.

    Attributes:
        version: ``VERSION``, raised when the same input gives other numbers.
        modality: ``MODALITY``: text, audio, vision, or words for word timings.
        reads: ``READS``: text, sound, video, words, context.
        requires: ``REQUIRES``: distributions whose versions are part of the identity.
        shard_clips: ``SHARD_CLIPS``: clips in one job, about.
    """

    version: int
    modality: str
    reads: tuple[str, ...]
    requires: tuple[str, ...]
    shard_clips: int

    @property
    def reads_media(self) -> bool:
        """Whether it needs a clip's sound or video."""
        return bool({"sound", "video"} & set(self.reads))

    @property
    def manifest_kinds(self) -> set[str]:
        """Kinds of manifests that its jobs read: media, text, words."""
        return ({"media"} if self.reads_media else set()) | ({"text", "words"} & set(self.reads))


@cache
def extractor_facts(name: str) -> ExtractorFacts:
    """The constants of an extractor.

    Raises:
        ConfigError: there is no extractor of this name, or its file lacks a constant.
    """
    literals = plugins.literals("extractors", name)
    constants = [field.name for field in fields(ExtractorFacts)]
    if missing := [constant.upper() for constant in constants if constant.upper() not in literals]:
        raise ConfigError(f"pipeline/extractors/{name}.py: no constant {', '.join(missing)}; see docs/new-extractor.md")
    return ExtractorFacts(**{constant: literals[constant.upper()] for constant in constants})
