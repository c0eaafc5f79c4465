"""The settings of a training run. Nothing here imports torch: the workflow reads them while it parses."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from pipeline.config.base import Settings
from pipeline.config.loading import merged, validated
from pipeline.core import plugins
from pipeline.core.errors import ConfigError, nearest
from pipeline.core.types import MODALITIES, Modality

#: Metrics of the valid split that select the best epoch; MAE is minimised, the others are maximised.
Selection = Literal["auto", "MAE", "Corr", "Acc", "Weighted_F1", "Combined"]


class TrainingCorruption(Settings):
    """Corruptions of the train clips, drawn again for every clip and epoch; all 0 (off) by default.

    The corruptions of ``robustness``, with feature-space proxies of blur and noise. Valid and test stay as they are.
    """

    missing_text: float = Field(default=0.0, ge=0, le=1)
    """Chance that the sentence is empty."""
    shuffled_words: float = Field(default=0.0, ge=0, le=1)
    """Largest part of the word positions that are permuted; each clip draws one between 0 and this."""
    dropped_frames: float = Field(default=0.0, ge=0, lt=1)
    """Largest part of the vision rows that are removed; each clip draws one between 0 and this."""
    blur: float = Field(default=0.0, ge=0)
    """Largest smoothing and noise of vision, in standard deviations; each clip draws one between 0 and this."""
    audio_noise: float = Field(default=0.0, ge=0)
    """Largest noise of audio, in standard deviations; each clip draws one between 0 and this."""


class TrainingSettings(Settings):
    """How to train any model. Learning rates are settings of the models."""

    epochs: int = Field(default=30, ge=1)
    """Passes over the train split; the learning-rate schedule spans all of them."""
    batch_size: int = Field(default=64, ge=1)
    """Clips per step."""
    accumulate: int = Field(default=1, ge=1)
    """Batches whose gradients are summed before a step."""
    patience: int = Field(default=8, ge=1)
    """Stop after this many epochs without an improvement on the valid split."""
    select: Selection = "auto"
    """Metric of the valid split that chooses the epoch; ``auto``: MAE of sentiment, Weighted_F1 of emotions, and in a
    union Combined, the mean over its datasets of Corr or Weighted_F1."""
    shares: dict[str, float] = Field(default_factory=dict)
    """Fraction of each dataset of a union that an epoch samples; above 1, clips repeat."""
    grad_clip: float = Field(default=1.0, ge=0)
    """Clip the global gradient norm to this; 0: no clipping."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Learning rate after warm-up: cosine decay to zero, or constant."""
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Fraction of all steps with a linear warm-up of the learning rate."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the forward and backward pass; ``auto`` is bf16 on CUDA and fp32 elsewhere."""
    checkpoint_s: float = Field(default=60.0, ge=0)
    """Save the state at the end of an epoch, at most this often, so that an interrupted run can resume."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Device; ``auto`` uses an accelerator if there is one."""
    devices: int = Field(default=1, ge=1)
    """Processes that share every batch, each on its own GPU or share of the CPU threads."""
    compile: bool = False
    """Compile the model with torch.compile; worthwhile for long runs only."""
    tensorboard: bool = False
    """Write logs for TensorBoard to ``tensorboard/`` in the run's folder; needs ``pip install tensorboard``."""
    use: tuple[Modality, ...] = MODALITIES
    """Modalities that the model uses; the others are masked."""
    corruption: TrainingCorruption = TrainingCorruption()
    """Corruptions of the train clips."""
    shuffle_labels: bool = False
    """Permute the labels of the train clips at random, as a check: the test score must drop to chance level."""
    text_encoder: str | None = None
    """Folder, package or hub id of the text encoder; null: the encoder whose vocabulary the pack uses."""

    @model_validator(mode="after")
    def _every_device_has_a_clip(self) -> "TrainingSettings":
        if self.batch_size < self.devices:
            message = f"batch_size {self.batch_size} is less than devices {self.devices}; expected a clip for each"
            raise ValueError(message)
        return self


class ModelSettings(Settings):
    """A model's settings on one dataset, resolved from ``config/models/<model>.yaml``."""

    model: dict[str, Any] = Field(default_factory=dict)
    """Settings of the model, checked against its ``Config`` when it is built."""
    training: TrainingSettings = TrainingSettings()
    """Settings of the training."""


class ModelFile(Settings):
    """``config/models/<model>.yaml``: settings for all datasets, and overrides by dataset and by variant."""

    model: dict[str, Any] = Field(default_factory=dict)
    """Settings of the model on every dataset."""
    training: dict[str, Any] = Field(default_factory=dict)
    """Settings of the training on every dataset."""
    datasets: dict[str, dict[str, dict[str, Any]]] = Field(default_factory=dict)
    """Overrides of ``model`` and ``training`` by dataset."""
    variants: dict[str, dict[str, dict[str, Any]]] = Field(default_factory=dict)
    """Overrides of ``model`` and ``training`` by variant, applied last; ``amccl@no_contrast`` selects one."""


def base_model(name: str) -> str:
    """The stem of the file in ``models/`` for a name such as ``amccl`` or ``amccl@no_contrast``."""
    return name.partition("@")[0]


def model_version(name: str) -> int:
    """The ``VERSION`` of the file of a model or variant: raised when the same settings give another result.

    Raises:
        ConfigError: no such model, or its file has no version.
    """
    base = base_model(name)
    version = plugins.literals("models", base).get("VERSION")
    if not isinstance(version, int):
        raise ConfigError(f"models/{base}.py: VERSION is missing or not a whole number; add: VERSION = 1")
    return version


def resolve(raw: Mapping[str, Any], dataset: str, *, variant: str = "", where: str = "model settings") -> ModelSettings:
    """Resolve a model's YAML for one dataset.

    Args:
        raw: the YAML's content.
        dataset: its overrides are applied, if the file has any.
        variant: the part of the model's name after ``@``; empty for the model itself.
        where: the file, for messages.

    Raises:
        ConfigError: a key is unknown, a value impossible, or the file has no such variant.
    """
    file = validated(ModelFile, raw, where)
    if variant and variant not in file.variants:
        raise ConfigError(f"{where}: no variant '{variant}'; {nearest(variant, list(file.variants))}")
    changes = file.datasets.get(dataset, {}), file.variants.get(variant, {})
    layers = merged({"model": file.model, "training": file.training}, *changes)
    return validated(ModelSettings, layers, where)
