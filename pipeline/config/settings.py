"""The settings of a run, of a dataset and of a pack."""

from typing import Any, Literal

from pydantic import Field, model_validator

from pipeline.config.base import Settings
from pipeline.core.types import MODALITIES, FamilyName, Modality


class WorkflowConfig(Settings):
    """``config/config.yaml``: what to build. Every dataset x pack x model x seed is trained and evaluated."""

    datasets: list[str] = []
    """Names of files in ``config/datasets/``."""
    unions: list[str] = []
    """Names of files in ``config/unions/``. Their rows get universal labels, which need only texts and labels;
    the datasets of a union need not be among ``datasets``."""
    joint: bool = False
    """Also train each model on each union, on the joined packs of its datasets with universal labels. All of its
    datasets must be among ``datasets``."""
    packs: list[str] = ["unaligned_50"]
    """Names of files in ``config/packs/``. A dataset with ``reader: pickled`` has its own packs."""
    models: list[str] = ["amccl"]
    """Names of files in ``models/``; ``amccl@no_contrast`` is a variant from ``config/models/amccl.yaml``."""
    seeds: list[int] = [1111, 1112, 1113]
    """One training run each; results are the mean and standard deviation over seeds."""
    robustness: bool = False
    """Also score every run under missing text, shuffled words, dropped frames, blur and audio noise."""
    sweeps: list[str] = []
    """Names of files in ``config/sweeps/``, for the target ``sweep``."""
    raw: str = "raw"
    """Folder of the raw datasets, one folder each; read only."""
    processed: str = "processed"
    """Folder of all results: features, packs, trained runs. Computed again from ``raw``, which may take long."""
    features: dict[str, dict[str, Any]] = {}
    """Extractor settings by extractor, on top of ``config/features/<name>.yaml``."""
    max_failed_fraction: float = Field(default=0.05, ge=0, le=1)
    """The run stops when an extractor fails on more than this fraction of its clips."""
    deep_scan: bool = False
    """Hash every raw file again, even if its size, modification time and inode did not change."""
    retry_quarantine: int = 0
    """Raise it to retry quarantined clips that did not change."""
    clip_limit_s: float = Field(default=900, gt=0)
    """Time limit of an extractor for a clip of up to 20 s, in proportion for longer clips. A clip that exceeds it twice
    is quarantined."""
    gpus: int = Field(default=0, ge=0)
    """Most training jobs at once, one GPU each; 0 does not limit them and uses the device of ``device: auto``."""
    train_threads: int = Field(default=0, ge=0)
    """CPU threads of a training job; 0 divides the cores of the run among parallel training jobs, and is 1 on a
    cluster. The last digits of results depend on it: set a number to get equal bytes on any number of cores."""

    @model_validator(mode="after")
    def _something_is_built(self) -> "WorkflowConfig":
        if not self.datasets and not self.unions:
            message = "neither datasets nor unions are named; expected at least one of them"
            raise ValueError(message)
        return self


class DialogueContext(Settings):
    """Turns of the conversation around a clip that the text encoder reads with it."""

    previous: int = Field(default=2, ge=0)
    """Number of turns before the clip."""
    next: int = Field(default=0, ge=0)
    """Number of turns after the clip."""
    speakers: bool = True
    """Put the speaker's name before each turn."""


class DatasetConfig(Settings):
    """``config/datasets/<name>.yaml``: how to read a raw folder and what its labels mean."""

    reader: str = "table"
    """Reader of the raw layout: a file in ``pipeline/readers/``."""
    options: dict[str, Any] = {}
    """Options of that reader."""
    generator: str | None = None
    """A step that makes the raw folder where it is absent; it takes ``--output`` and ``--workers``."""
    language: str = "en"
    """Language of the transcripts: ``en``, ``zh`` ..."""
    label_range: tuple[float, float] = (-3.0, 3.0)
    """Lowest and highest sentiment label; a label outside is an error."""
    metrics: FamilyName = "mosi"
    """Family of metrics that is reported."""
    splits_may_share_videos: bool = False
    """Allow clips of one video in several splits, as in the official split of CH-SIMS."""
    bad_rows: Literal["error", "quarantine"] = "error"
    """``error``: a faulty row of the table stops the run; ``quarantine``: the row is quarantined with its reason."""
    follow_links: bool = False
    """Follow symbolic links that lead out of the raw folder. Links within it are always followed, and the raw folder
    itself may be a link."""
    context: DialogueContext | None = None
    """Turns of the conversation that the text encoder reads with each clip; null: the clip alone."""
    features: dict[str, dict[str, Any]] = {}
    """Extractor settings for this dataset, such as another text encoder."""
    words: str | None = None
    """Extractor of word timings for aligned packs of this dataset; overrides the pack's. ``words_given`` if the dataset
    includes word timings, ``words_ctc`` for languages other than English."""
    licence: str = ""
    """Licence of the dataset."""
    source: str = ""
    """Where to obtain the dataset."""

    @model_validator(mode="after")
    def _range_is_ordered(self) -> "DatasetConfig":
        low, high = self.label_range
        if not low < high:
            message = f"label_range is [{low}, {high}]; expected the lower bound first"
            raise ValueError(message)
        return self


class LengthPolicy(Settings):
    """Number of rows of a padded axis. Set exactly one of ``rows`` and ``percentile``."""

    rows: int | None = Field(default=None, ge=5)
    """A fixed number of rows."""
    percentile: float | None = Field(default=None, gt=0, le=100)
    """Percentile of the lengths of the train clips; longer clips are cut at the end."""
    multiple_of: int = Field(default=25, ge=1)
    """Round up to a multiple; some of MMSA's models (tfr_net) need it."""

    @model_validator(mode="after")
    def _one_policy(self) -> "LengthPolicy":
        if (self.rows is None) == (self.percentile is None):
            message = "set exactly one of rows and percentile"
            raise ValueError(message)
        return self


class TextSettings(Settings):
    """Text of a pack."""

    extractor: str = "bert"
    """Extractor of the tokens and vectors."""
    rows: int = Field(default=50, ge=6)
    """Sub-word positions; the last one is always padding, so that every mask has a zero."""


class StreamSettings(Settings):
    """Audio or vision of a pack."""

    extractor: str
    """Extractor of the rows."""
    rate_hz: float | None = Field(default=None, gt=0)
    """Pool the measured rows to this rate; null keeps the extractor's own rows."""
    length: LengthPolicy = LengthPolicy(percentile=100)
    """Length of the padded axis."""
    pool: Literal["mean", "max"] = "mean"
    """How several measured rows within one step, or one word, are pooled."""
    normalise: Literal["none", "zscore", "robust"] = "zscore"
    """``zscore``: mean and standard deviation; ``robust``: median and interquartile range. The statistics are those of
    the measured rows of the train split, and are in the pack's card."""


class Alignment(Settings):
    """Audio and vision pooled onto the sub-word tokens of the text."""

    words: str = "words_sphinx"
    """Extractor of word timings; a dataset's ``words`` overrides it."""


class PackConfig(Settings):
    """``config/packs/<name>.yaml``: the features of a pack."""

    align: Alignment | None = None
    """Makes a word-aligned pack; null: audio and vision have their own rates."""
    text: TextSettings = TextSettings()
    """Sub-word tokens and their vectors."""
    audio: StreamSettings | None = StreamSettings(extractor="egemaps")
    """Acoustic rows; null: no audio, each clip has one masked row."""
    vision: StreamSettings | None = StreamSettings(extractor="face")
    """Facial rows; null: no vision."""
    required: list[Modality] = list(MODALITIES)
    """A clip that lacks one of these is dropped, with the reason in the card; other missing modalities are masked."""

    @model_validator(mode="after")
    def _required_is_packed(self) -> "PackConfig":
        missing = [name for name in self.required if name not in self.extractors()]
        if missing:
            message = f"required lists {', '.join(missing)}, which is null in this pack; remove it from required"
            raise ValueError(message)
        return self

    def streams(self) -> dict[Modality, StreamSettings]:
        """Settings of audio and vision, without those that are null."""
        both: dict[Modality, StreamSettings | None] = {"audio": self.audio, "vision": self.vision}
        return {name: settings for name, settings in both.items() if settings is not None}

    def timed_by(self, words: str | None) -> "PackConfig":
        """The same settings with another extractor of word timings; unchanged without one, or if not aligned."""
        if words is None or self.align is None:
            return self
        return self.model_copy(update={"align": Alignment(words=words)})

    def extractors(self) -> dict[Modality, str]:
        """Extractor by packed modality."""
        return {"text": self.text.extractor, **{name: stream.extractor for name, stream in self.streams().items()}}

    def all_extractors(self) -> list[str]:
        """Names of all extractors whose stores the pack reads, sorted."""
        return sorted({*self.extractors().values(), *([self.align.words] if self.align else [])})
