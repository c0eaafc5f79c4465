"""The settings of a run, of a dataset and of a pack. Every field is documented; unknown keys are refused."""

from typing import Any, Literal

from pydantic import Field, model_validator

from pipeline.config.base import Settings
from pipeline.core.types import MODALITIES, Modality


class RunConfig(Settings):
    """``config/config.yaml``: what to build. Every dataset x pack x model x seed is trained and evaluated."""

    datasets: list[str] = []
    """Names of files in ``config/datasets/``."""
    unions: list[str] = []
    """Names of files in ``config/unions/``, whose rows are given universal labels; texts and labels are all they need,
    and their datasets need not be among ``datasets``."""
    joint: bool = False
    """Also train each model on each union: the packs of its datasets are joined under universal labels. All of them
    must be among ``datasets`` then."""
    packs: list[str] = ["unaligned_50"]
    """Names of files in ``config/packs/``; imported pickles bring their own packs."""
    models: list[str] = ["amccl"]
    """Names of files in ``models/``; ``amccl@no_contrast`` is a variant that ``config/models/amccl.yaml`` describes."""
    seeds: list[int] = [1111, 1112, 1113]
    """One training run each; results are given as mean and standard deviation over them."""
    robustness: bool = False
    """Also score every run under missing text, shuffled words, dropped frames, blur and audio noise."""
    sweeps: list[str] = []
    """Names of files in ``config/sweeps/`` for the target ``sweep``."""
    raw: str = "raw"
    """Folder of the raw datasets, one folder each; only read."""
    processed: str = "processed"
    """Folder of everything derived; safe to delete."""
    features: dict[str, dict[str, Any]] = {}
    """Overrides of extractor settings by extractor name, on top of ``config/features/<name>.yaml``."""
    max_failed_fraction: float = Field(default=0.05, ge=0, le=1)
    """The run stops when a larger part of a dataset's clips is in the quarantine."""
    deep_scan: bool = False
    """Hash every raw file again, even those whose size, time and inode did not change."""
    retry_quarantine: int = 0
    """Raise it to try quarantined clips again although nothing about them changed."""
    clip_limit_s: float = Field(default=900, gt=0)
    """Longest time, in seconds, that an extractor may take over a clip of up to 20 s; a longer one in proportion.
    A clip that takes longer, twice, is quarantined."""
    gpus: int = Field(default=0, ge=0)
    """Training jobs take one GPU each, at most this many at once; 0 trains on what ``device: auto`` finds."""
    train_threads: int = Field(default=0, ge=0)
    """CPU threads of a training; 0 shares the cores of the run among the trainings that go on at once, and is 1 on a
    cluster. The last digits of a training depend on it: give a number for equal bytes on any number of cores."""

    @model_validator(mode="after")
    def _there_is_something_to_build(self) -> "RunConfig":
        if not self.datasets and not self.unions:
            message = "neither datasets nor unions are named; expected at least one of them"
            raise ValueError(message)
        return self


class DialogueContext(Settings):
    """Turns around a clip that the text encoder reads with it; for datasets of conversations."""

    previous: int = Field(default=2, ge=0)
    """Turns before the clip."""
    next: int = Field(default=0, ge=0)
    """Turns after it."""
    speakers: bool = True
    """Put the speaker's name before each turn."""


class DatasetConfig(Settings):
    """``config/datasets/<name>.yaml``: how a raw folder is read and what its labels mean."""

    reader: str = "table"
    """Raw layout: a file in ``pipeline/readers/``."""
    options: dict[str, Any] = {}
    """Options of that reader."""
    generator: str | None = None
    """A step that makes the raw folder where it is absent; it takes ``--output`` and ``--workers``."""
    language: str = "en"
    """Language of the transcripts: ``en``, ``zh`` ..."""
    label_range: tuple[float, float] = (-3.0, 3.0)
    """Lowest and highest sentiment label; a label outside is an error."""
    metrics: Literal["mosi", "sims", "emotion"] = "mosi"
    """Which family of metrics is reported."""
    splits_may_share_videos: bool = False
    """True for datasets whose official split cuts through videos (CH-SIMS)."""
    bad_rows: Literal["error", "quarantine"] = "error"
    """``error``: a faulty row of the table stops the run; ``quarantine``: it is set aside with its reason."""
    follow_links: bool = False
    """Read files that symbolic links below the raw folder name outside of it. A link within it is followed anyway, and
    the raw folder may be a link itself."""
    context: DialogueContext | None = None
    """Let the text encoder read the conversation around each clip; None: the clip alone."""
    features: dict[str, dict[str, Any]] = {}
    """Overrides of extractor settings for this dataset, such as another text encoder."""
    words: str | None = None
    """The extractor of word timings for this dataset's aligned packs, whatever they name themselves: ``words_given``
    where the data brings word times, ``words_ctc`` for a language other than English."""
    licence: str = ""
    """What the dataset's owners allow."""
    source: str = ""
    """Where to obtain it."""

    @model_validator(mode="after")
    def _range_is_ordered(self) -> "DatasetConfig":
        low, high = self.label_range
        if not low < high:
            message = f"label_range is [{low}, {high}]; expected the lower bound first"
            raise ValueError(message)
        return self


class Length(Settings):
    """How many rows a padded axis gets. Exactly one of ``rows`` and ``percentile``."""

    rows: int | None = Field(default=None, ge=5)
    """A fixed number of rows."""
    percentile: float | None = Field(default=None, gt=0, le=100)
    """The length that this percentage of the train clips stays within; longer clips are cut at the end."""
    multiple_of: int = Field(default=25, ge=1)
    """Round up to a multiple, as some of MMSA's models (tfr_net) need."""

    @model_validator(mode="after")
    def _one_policy(self) -> "Length":
        if (self.rows is None) == (self.percentile is None):
            message = "give either rows or percentile, not both and not neither"
            raise ValueError(message)
        return self


class TextPack(Settings):
    """Text of a pack."""

    extractor: str = "bert"
    """The extractor whose tokens and vectors are packed."""
    rows: int = Field(default=50, ge=6)
    """Sub-word positions; the last one stays padding, so that every mask has a zero."""


class StreamPack(Settings):
    """Audio or vision of a pack."""

    extractor: str
    """The extractor whose rows are packed."""
    rate_hz: float | None = Field(default=None, gt=0)
    """Average the measured rows within steps of 1/rate seconds; None keeps the extractor's own rows."""
    length: Length = Length(percentile=100)
    """Length of the padded axis."""
    pool: Literal["mean", "max"] = "mean"
    """What becomes of several measured rows that fall into one step, or onto one word."""
    normalise: Literal["none", "zscore", "robust"] = "zscore"
    """``robust``: median and interquartile range. Statistics come from the measured rows of the train split and are
    kept in the card."""


class Alignment(Settings):
    """Audio and vision put on the sub-word tokens of the text."""

    words: str = "words_sphinx"
    """The extractor of word timings; a dataset may name another one that suits it."""


class PackConfig(Settings):
    """``config/packs/<name>.yaml``: which features go into a pack and how."""

    align: Alignment | None = None
    """Word-aligned pack; without it audio and vision keep rates of their own."""

    text: TextPack = TextPack()
    """Sub-word tokens and their vectors."""
    audio: StreamPack | None = StreamPack(extractor="egemaps")
    """Acoustic rows; null: none, every clip has one masked row instead."""
    vision: StreamPack | None = StreamPack(extractor="face")
    """Facial rows; null: none."""
    required: list[Modality] = list(MODALITIES)
    """A clip that lacks one of these is left out, with its reason in the card; others are masked."""

    @model_validator(mode="after")
    def _required_is_packed(self) -> "PackConfig":
        missing = [name for name in self.required if name not in self.extractors()]
        if missing:
            message = f"required names {', '.join(missing)}, which the pack leaves out (null)"
            raise ValueError(message)
        return self

    def streams(self) -> dict[Modality, StreamPack]:
        """Settings of audio and vision, as far as they are packed."""
        both: dict[Modality, StreamPack | None] = {"audio": self.audio, "vision": self.vision}
        return {name: settings for name, settings in both.items() if settings is not None}

    def timed_by(self, words: str | None) -> "PackConfig":
        """The same settings with another extractor of word timings; unchanged without one, or if not aligned."""
        if words is None or self.align is None:
            return self
        return self.model_copy(update={"align": Alignment(words=words)})

    def extractors(self) -> dict[Modality, str]:
        """The extractor of each packed modality."""
        return {"text": self.text.extractor, **{name: stream.extractor for name, stream in self.streams().items()}}

    def all_extractors(self) -> list[str]:
        """Every extractor whose stores the pack reads, sorted."""
        return sorted({*self.extractors().values(), *([self.align.words] if self.align else [])})
