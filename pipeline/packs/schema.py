"""The arrays of a pack and the card that describes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal

import numpy as np
from jaxtyping import Bool, Float32, Int64
from pydantic import Field
from typing_extensions import TypeVar

from pipeline.config.base import FrozenModel
from pipeline.core.types import FamilyName, Modality, Split
from pipeline.packs.row_arrays import RowArray

#: ``regression_labels`` is the label M; the others exist where each modality was annotated on its own.
LABEL_KEYS = {
    "M": "regression_labels",
    "T": "regression_labels_T",
    "A": "regression_labels_A",
    "V": "regression_labels_V",
}
#: Fields of a `PackSplit` that may be larger than the memory.
ARRAYS = ("text", "text_bert", "audio", "vision", "audio_mask", "vision_mask")


#: The large arrays of a split: in memory unless stated, else any `RowArray` (HDF5 on disk, or computed on reading).
ArrayT_co = TypeVar("ArrayT_co", bound=RowArray, default=np.ndarray, covariant=True)


@dataclass(frozen=True)
class PackSplit(Generic[ArrayT_co]):
    """One split of a pack: one row per clip, padded at the end with zeros.

    ``PackSplit[RowArray]`` may be larger than the memory: its arrays are read or computed as they are written.

    Attributes:
        ids: ``video$_$clip``, unique, sorted.
        raw_text: the transcripts.
        text: contextual vectors of the sub-word tokens, special tokens included.
        text_bert: token ids, attention mask and token types, as MMSA's BERT models read them.
        audio: acoustic rows.
        vision: facial rows.
        audio_lengths: rows before the padding, at least 1 (None in an aligned pack).
        vision_lengths: the same for vision.
        audio_mask: True where a row was measured; False in the padding.
        vision_mask: the same for vision; also False where no face was seen.
        labels: regression labels keyed M (always), T, A, V.
        annotations: the label's name (Negative, Neutral, Positive, or an emotion); empty where there is none.
    """

    ids: list[str]
    raw_text: list[str]
    text: Float32[ArrayT_co, "clips text_steps text_dim"]
    text_bert: Float32[ArrayT_co, "clips 3 tokens"]
    audio: Float32[ArrayT_co, "clips audio_steps audio_dim"]
    vision: Float32[ArrayT_co, "clips vision_steps vision_dim"]
    audio_lengths: Int64[np.ndarray, "clips"] | None
    vision_lengths: Int64[np.ndarray, "clips"] | None
    audio_mask: Bool[ArrayT_co, "clips audio_steps"]
    vision_mask: Bool[ArrayT_co, "clips vision_steps"]
    labels: Mapping[str, Float32[np.ndarray, "clips"]]
    annotations: list[str]

    def __len__(self) -> int:
        """The number of clips."""
        return len(self.ids)

    def load(self) -> "PackSplit":
        """The same split with all arrays in memory."""
        return PackSplit(**{**vars(self), **{name: getattr(self, name)[:] for name in ARRAYS}})


class LengthReport(FrozenModel):
    """Length of one modality's padded axis, and what it cuts."""

    policy: str
    """The setting, in words."""
    padded: int
    """Rows of the padded axis."""
    longest: int
    """Rows of the longest clip before cutting."""
    clips_cut: int
    """Clips that lost rows."""
    rows_cut: int
    """Rows lost over all clips."""


class Normalisation(FrozenModel):
    """Statistics of the measured rows of the train split, one value per feature."""

    method: Literal["none", "zscore", "robust"]
    """Subtract ``mean`` (``robust``: the median), divide by ``scale``; masked rows stay zero."""
    mean: list[float] = Field(default_factory=list)
    scale: list[float] = Field(default_factory=list)


class AlignmentReport(FrozenModel):
    """How the words of an aligned pack got their times."""

    words: str
    """The extractor of word timings."""
    methods: dict[str, int]
    """Clips by the method that timed them; ``proportional`` is the fallback for an aligner that failed."""
    fallback_clips: list[str]
    """Clips timed by the fallback, or whose transcript does not seem to fit the sound."""
    tokens_without_rows: dict[Modality, int]
    """Tokens of words during which the modality has no measured row; they are masked."""


class Dropped(FrozenModel):
    """A row of the label table that is not in the pack."""

    clip_id: str
    split: str
    modality: str
    stage: str
    reason: str


class PackCard(FrozenModel):
    """Contents of a pack, how it was built, and what is missing from it."""

    dataset: str
    pack: str
    aligned: bool = False
    """Audio and vision have one row per sub-word token."""
    num_clips: dict[Split, int]
    dims: dict[Modality, int]
    """Columns per modality; taken from the files, never from a constant."""
    extractors: dict[Modality, str] = Field(default_factory=dict)
    """The extractor of each modality; empty for an imported pickle."""
    feature_names: dict[Modality, list[str]] = Field(default_factory=dict)
    rate_hz: dict[Modality, float | None] = Field(default_factory=dict)
    """Rows per second of clip after pooling; None where rows have no fixed rate."""
    lengths: dict[Modality, LengthReport] = Field(default_factory=dict)
    normalisation: dict[Modality, Normalisation] = Field(default_factory=dict)
    label_range: tuple[float, float] = (-3.0, 3.0)
    metrics: FamilyName = "mosi"
    """Which family of metrics the labels ask for."""
    members: dict[str, FamilyName] = Field(default_factory=dict)
    """The datasets of a union with their family of metrics; clips are named ``<dataset>/<clip>``, and annotations have
    an emotion for each dataset of emotions, in this order, joined by ``, ``. Empty for a single dataset."""
    language: str = "en"
    text_weights: str | None = None
    """Name of the text encoder whose vocabulary the token ids belong to."""
    alignment: AlignmentReport | None = None
    """Only in an aligned pack."""
    faceless: list[str] = Field(default_factory=list)
    """Clips without any face: their vision is one masked zero row."""
    dropped: list[Dropped] = Field(default_factory=list)
    not_finite: dict[Modality, int] = Field(default_factory=dict)
    """Values that were NaN or infinite in an imported pickle and were set to zero."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The pack's resolved settings."""
    identities: dict[str, str] = Field(default_factory=dict)
    """Fingerprint of each extractor's name, version, settings, weights and libraries."""
    extractor_settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """By extractor, the one of word timings included: resolved settings, version, hashes of weights, libraries. New
    clips are extracted with them."""
    inputs: str = ""
    """Fingerprint of all inputs: the keys of all clips and their labels."""
    versions: dict[str, str] = Field(default_factory=dict)
