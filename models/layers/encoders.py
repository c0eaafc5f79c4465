"""From a batch to one vector per modality: text encoder or stored vectors, LSTMs over audio and vision."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from models._base import Batch, FeatureSpec, ModelConfig, ParameterGroup, decayed_groups
from models.layers.masks import masked_mean
from models.layers.recurrent import RecurrentEncoder
from models.layers.text import text_states


class TextConfig(ModelConfig):
    """Settings of a text encoder and of the layers that are trained with it."""

    text_summary: Literal["first", "mean"] = "first"
    """The vector of a text: its first token ([CLS]), or the mean of its tokens for encoders trained that way."""
    stored_text: bool = False
    """Read the pack's contextual vectors (`text`) instead of fine-tuning an encoder on its token ids."""
    encoder_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout on the vector of a modality."""
    text_lr: float = Field(default=5e-5, gt=0)
    """Learning rate of the text encoder."""
    text_decay: float = Field(default=0.01, ge=0)
    """Weight decay of the text encoder."""
    other_lr: float = Field(default=1e-3, gt=0)
    """Learning rate of all other parameters."""
    other_decay: float = Field(default=1e-4, ge=0)
    """Weight decay of all other parameters."""


class EncoderConfig(TextConfig):
    """Settings of the three encoders and of the layers that are trained with them."""

    lstm_dim: int = Field(default=16, ge=1)
    """Width of the LSTMs' state."""
    row_summary: Literal["last", "mean"] = "last"
    """The vector of audio and vision: the LSTM's last state, or the mean of all."""


@dataclass(frozen=True)
class ModalityVectors:
    """One vector per clip and modality; zeros if the modality is absent.

    Attributes:
        text: vector, as wide as the text encoder.
        audio: vector, as wide as the audio encoder.
        vision: vector, as wide as the vision encoder.
        present: False where a clip lacks the modality; order text, audio, vision.
    """

    text: Float[Tensor, "batch text_width"]
    audio: Float[Tensor, "batch audio_width"]
    vision: Float[Tensor, "batch vision_width"]
    present: Bool[Tensor, "batch modalities"]

    @property
    def vectors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Text, audio, vision."""
        return self.text, self.audio, self.vision


class TextVector(nn.Module):
    """The states of a text's tokens and their summary."""

    def __init__(self, config: TextConfig, spec: FeatureSpec) -> None:
        """Load the encoder that ``spec`` names, unless the pack's vectors are read."""
        super().__init__()
        self.encoder = text_states(spec, stored=config.stored_text)
        self.width = self.encoder.width
        self.summary = config.text_summary

    def forward(self, batch: Batch) -> Float[Tensor, "batch width"]:
        """Encode the texts; zeros if a clip has none."""
        states = self.encoder(batch)
        if self.summary == "mean":
            return masked_mean(states, batch.text_mask)
        return states[:, 0] * batch.text_mask.any(dim=1, keepdim=True).to(states.dtype)


class Encoders(nn.Module):
    """Text, audio and vision of a clip, each as one vector."""

    def __init__(self, config: EncoderConfig, spec: FeatureSpec, *, audio_dim: int, vision_dim: int) -> None:
        """Build the encoders for the widths of ``spec``; audio and vision come out as wide as asked for."""
        super().__init__()
        self.text = TextVector(config, spec)
        rows = partial(RecurrentEncoder, hidden=config.lstm_dim, summary=config.row_summary)
        self.audio = rows(spec.audio_dim, width=audio_dim)
        self.vision = rows(spec.vision_dim, width=vision_dim)
        self.dropout = nn.Dropout(config.encoder_dropout)
        self.widths = (self.text.width, audio_dim, vision_dim)

    def forward(self, batch: Batch) -> ModalityVectors:
        """Encode each modality on its own."""
        masks = (batch.text_mask, batch.audio_mask, batch.vision_mask)
        return ModalityVectors(
            text=self.dropout(self.text(batch)),
            audio=self.dropout(self.audio(batch.audio, batch.audio_mask)),
            vision=self.dropout(self.vision(batch.vision, batch.vision_mask)),
            present=torch.stack([mask.any(dim=1) for mask in masks], dim=1),
        )


def learning_groups(
    model: nn.Module, config: TextConfig, *, apart: Iterable[Tensor] = ()
) -> tuple[ParameterGroup, ...]:
    """The text encoder with its own rate and decay, and all other parameters.

    Args:
        model: has exactly one ``TextVector``.
        config: rates and decays.
        apart: parameters of another phase.
    """
    text = next(module for module in model.modules() if isinstance(module, TextVector))
    taken = {id(parameter) for parameter in (*text.parameters(), *apart)}
    others = [(name, parameter) for name, parameter in model.named_parameters() if id(parameter) not in taken]
    return (
        *decayed_groups("text", text.named_parameters(), learning_rate=config.text_lr, weight_decay=config.text_decay),
        *decayed_groups("other", others, learning_rate=config.other_lr, weight_decay=config.other_decay),
    )
