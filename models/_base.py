"""The interface of a model: settings, forward pass, losses, phases of an epoch. Models handle no files or devices.

A file ``models/<name>.py`` is a model. It defines

    VERSION = 1      # raise it whenever the same settings train to other numbers; read without importing
    Config           # its settings
    model            # its class

Models share ``layers/`` and this file; they never import one another.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

#: All modalities, in the order of every list.
MODALITIES = ("text", "audio", "vision")


class ModelConfig(BaseModel):
    """Base of all model settings: frozen, unknown keys refused, fields documented by the text below them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True)
class FeatureSpec:
    """Dimensions and label range of the data, needed to build a model.

    Attributes:
        text_dim: columns of the pack's text vectors.
        audio_dim: columns of the audio rows.
        vision_dim: columns of the vision rows.
        num_train: clips of the train split.
        label_range: lowest and highest sentiment label.
        text_encoder: folder of the pretrained encoder whose vocabulary the token ids belong to.
        classes: emotion names, sorted; empty for data without emotions.
    """

    text_dim: int
    audio_dim: int
    vision_dim: int
    num_train: int
    label_range: tuple[float, float]
    text_encoder: Path
    classes: tuple[str, ...] = ()

    @property
    def label_scale(self) -> float:
        """The largest absolute label; dividing by it maps labels into [-1, 1]."""
        return max(abs(self.label_range[0]), abs(self.label_range[1]))


@dataclass(frozen=True)
class Batch:
    """A batch of clips, padded at the end to the longest.

    Masks are True for tokens and measured rows. A clip whose mask is all False lacks the modality.

    Attributes:
        ids: clip ids.
        raw_text: transcripts, for models with a tokenizer of their own.
        token_ids: sub-word ids, special tokens included.
        token_types: segment of each token.
        text_mask: True for tokens, False for padding.
        text: the pack's contextual vectors: one per token, or a single one per clip.
        audio: acoustic rows.
        audio_mask: True for measured rows.
        vision: facial rows.
        vision_mask: True for rows with a face.
        labels: sentiment labels keyed M (always), T, A, V.
        annotations: emotion or polarity names; empty strings if there are none.
    """

    ids: tuple[str, ...]
    raw_text: tuple[str, ...]
    token_ids: Int[Tensor, "batch tokens"]
    token_types: Int[Tensor, "batch tokens"]
    text_mask: Bool[Tensor, "batch tokens"]
    text: Float[Tensor, "batch text_rows text_dim"]
    audio: Float[Tensor, "batch audio_steps audio_dim"]
    audio_mask: Bool[Tensor, "batch audio_steps"]
    vision: Float[Tensor, "batch vision_steps vision_dim"]
    vision_mask: Bool[Tensor, "batch vision_steps"]
    labels: Mapping[str, Tensor]
    annotations: tuple[str, ...] = ()

    @property
    def label(self) -> Float[Tensor, "batch"]:
        """The multimodal sentiment label, M."""
        return self.labels["M"]

    def __len__(self) -> int:
        """The number of clips."""
        return len(self.ids)

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        moved: dict[str, Any] = {k: v.to(device) for k, v in values.items() if isinstance(v, Tensor)}
        moved["labels"] = {key: label.to(device) for key, label in self.labels.items()}
        return replace(self, **moved)


@dataclass(frozen=True)
class Output:
    """Output of a model for a batch.

    Attributes:
        prediction: sentiment, in the units of the label.
        extras: tensors that the losses need, keyed by name.
        categories: predicted emotion names; empty for models that predict none.
        generated: the raw text of a generative model; empty for others.
    """

    prediction: Float[Tensor, "batch"]
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that share a learning rate and a weight decay (AdamW)."""

    name: str
    parameters: tuple[nn.Parameter, ...]
    learning_rate: float
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Phase:
    """One pass over the train split in every epoch, which updates only its own parameters.

    Attributes:
        name: passed to ``losses``; prefix of the columns in the history.
        groups: parameters to update. A parameter in no group of any phase is never trained.
    """

    name: str
    groups: tuple[ParameterGroup, ...]


class SentimentModel(nn.Module, ABC):
    """Predicts sentiment from text, audio and vision.

    Padding, the order of the batch and its other clips never change a prediction in evaluation mode.
    A modality whose mask is all False contributes nothing. State that lasts across batches is a registered buffer.

    Attributes:
        modalities: modalities that a prediction depends on.
    """

    modalities: ClassVar[tuple[str, ...]] = MODALITIES

    def __init__(self, config: ModelConfig, spec: FeatureSpec) -> None:
        """Build the layers that every subclass adds to."""
        super().__init__()
        self.config = config
        self.spec = spec

    @abstractmethod
    def forward(self, batch: Batch) -> Output:
        """Predict."""

    @abstractmethod
    def losses(self, output: Output, batch: Batch, phase: str) -> dict[str, Tensor]:
        """The loss to minimise under the key ``loss``, and its named parts."""

    @abstractmethod
    def phases(self) -> list[Phase]:
        """The phases of an epoch, in order; most models have one, ``main``."""


def decayed_groups(
    name: str, module_parameters: Iterable[tuple[str, nn.Parameter]], *, learning_rate: float, weight_decay: float
) -> tuple[ParameterGroup, ...]:
    """Two groups of named parameters: biases and normalisation weights (one dimension) are never decayed."""
    trained = [parameter for _, parameter in module_parameters if parameter.requires_grad]
    matrices = tuple(parameter for parameter in trained if parameter.ndim > 1)
    vectors = tuple(parameter for parameter in trained if parameter.ndim <= 1)
    groups = (
        ParameterGroup(name, matrices, learning_rate, weight_decay),
        ParameterGroup(f"{name}_vectors", vectors, learning_rate),
    )
    return tuple(group for group in groups if group.parameters)
