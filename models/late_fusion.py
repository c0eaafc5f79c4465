"""Late fusion: each modality predicts on its own, the predictions are mixed; the plain multimodal baseline."""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from models._base import Batch, FeatureSpec, Output, Phase, SentimentModel
from models.layers.encoders import EncoderConfig, Encoders, learning_groups

VERSION = 2


class Config(EncoderConfig):
    """Settings of the baseline."""

    row_dim: int = Field(default=32, ge=1)
    """Width of the audio and of the vision vector."""
    mix: Literal["average", "weighted"] = "weighted"
    """Average the predictions of a clip's modalities, or weigh them by a learnt weight per modality."""
    unimodal_weight: float = Field(default=0.5, ge=0)
    """Weight of the modalities' own errors in the loss."""


class LateFusion(SentimentModel):
    """Three encoders, three linear heads, one weight per modality."""

    config: Config

    def __init__(self, config: Config, spec: FeatureSpec) -> None:
        """Build the layers for the widths of ``spec``."""
        super().__init__(config, spec)
        self.encoders = Encoders(config, spec, audio_dim=config.row_dim, vision_dim=config.row_dim)
        self.heads = nn.ModuleList(nn.Linear(width, 1) for width in self.encoders.widths)
        self.weights = nn.Parameter(torch.zeros(len(self.heads))) if config.mix == "weighted" else None

    def forward(self, batch: Batch) -> Output:
        """Predict per modality, then mix over those that are present."""
        encoded = self.encoders(batch)
        pairs = zip(self.heads, encoded.vectors, strict=True)
        unimodal = torch.cat([head(vector) for head, vector in pairs], dim=1).float()
        prediction = (unimodal * self._shares(encoded.present)).sum(dim=1)
        return Output(prediction, extras={"unimodal": unimodal, "present": encoded.present})

    def losses(self, output: Output, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Mean absolute error of the mixture and, weighted, of each modality."""
        task = functional.l1_loss(output.prediction, batch.label)
        errors = (output.extras["unimodal"] - batch.label.unsqueeze(1)).abs() * output.extras["present"]
        unimodal = errors.sum() / output.extras["present"].sum().clamp_min(1)
        return {"loss": task + self.config.unimodal_weight * unimodal, "task": task, "unimodal": unimodal}

    def phases(self) -> list[Phase]:
        """One phase."""
        return [Phase("main", learning_groups(self, self.config))]

    def _shares(self, present: Bool[Tensor, "batch modalities"]) -> Float[Tensor, "batch modalities"]:
        logits = torch.zeros(present.shape[1], device=present.device) if self.weights is None else self.weights
        strength = logits.exp() * present
        return strength / strength.sum(dim=1, keepdim=True).clamp_min(1e-12)


model = LateFusion
