"""MECAM: intra-modal contrast against negative information, mutual information, talking-heads attention.

Wang R., Wang Y., Cambria, Fan, Yu, Huang, E and Zhu, "Contrastive-Based Removal of Negative Information in Multimodal
Emotion Analysis", Cognitive Computation 17(3), 2025; it builds on MMIM (Han, Chen and Poria, EMNLP 2021). Built from
the description of its architecture, with these deviations from the published code, each for a reason:

- attention runs over the three modalities of a clip, and its weights are trained and saved. The published one
  attends to a single token with new random weights in every call: audio and vision never reach the prediction;
- the contrast uses the encoders' outputs, before the fusion, once per modality; clips of the same sign and a similar
  label are positives, but not a clip and itself. The published code has no positives, or only exactly equal labels;
- the log-likelihood has its normaliser, the log-variance a bound and the covariance a ridge (see
  ``_mecam/mutual_information.py``), without which the terms diverge;
- the LSTMs skip rows outside the masks, and an absent modality takes part in nothing.
"""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from models._base import Batch, FeatureSpec, ModelConfig, Output, ParameterGroup, Phase, SentimentModel
from models._mecam.mutual_information import InformationBound, InformationConfig
from models.layers.attention import TalkingHeadsAttention
from models.layers.encoders import EncoderConfig, Encoders, ModalityVectors, learning_groups
from models.layers.heads import RegressionHead
from models.layers.info_nce import contrast_within

VERSION = 2


class IntraContrastConfig(ModelConfig):
    """Settings of the contrast within each modality. A ``weight`` of 0 switches it off."""

    weight: float = Field(default=0.08, ge=0)
    """Share of the contrast, averaged over the modalities, in the total loss."""
    radius: float = Field(default=0.5 / 3, gt=0)
    """Largest distance of the labels of a positive pair, labels in [-1, 1]."""
    negative_weight: float = Field(default=0.8, ge=0)
    """Weight of negative pairs (w)."""
    temperature: float = Field(default=0.03, gt=0)
    """Divides cosines (tau)."""


class Config(EncoderConfig):
    """Settings of MECAM; the defaults are those its authors state for CMU-MOSI."""

    audio_dim: int = Field(default=16, ge=1)
    """Width of the audio vector."""
    vision_dim: int = Field(default=32, ge=1)
    """Width of the vision vector."""
    channels: int = Field(default=64, ge=1)
    """Width of the vectors that attention and head see."""
    attention: bool = True
    """Attention between the modalities; without it they are only joined in the head."""
    heads: int = Field(default=8, ge=1)
    """Attention heads."""
    head_dim: int = Field(default=64, ge=1)
    """Width of an attention head."""
    hidden_dim: int = Field(default=128, ge=1)
    """Width of the regression head."""
    fusion_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout in the attention and on the input of the head."""
    contrast: IntraContrastConfig = IntraContrastConfig()
    """The contrast within each modality."""
    information: InformationConfig = InformationConfig()
    """The mutual information between modalities."""
    text_decay: float = Field(default=1e-4, ge=0)
    """Weight decay of the text encoder."""
    other_lr: float = Field(default=5e-4, gt=0)
    """Learning rate of all but the text encoder."""


class Mecam(SentimentModel):
    """Each modality becomes a vector; the three attend to each other; a head regresses sentiment."""

    config: Config

    def __init__(self, config: Config, spec: FeatureSpec) -> None:
        """Build the layers for the widths of ``spec``."""
        super().__init__(config, spec)
        self.encoders = Encoders(config, spec, audio_dim=config.audio_dim, vision_dim=config.vision_dim)
        widths = self.encoders.widths
        self.reduce = nn.ModuleList(nn.Linear(width, config.channels) for width in widths)
        self.attention = self._attention() if config.attention else None
        self.information = InformationBound(widths, config.information) if config.information.weight else None
        self.head = RegressionHead(3 * config.channels, config.hidden_dim, dropout=config.fusion_dropout)

    def forward(self, batch: Batch) -> Output:
        """Encode, let the modalities read one another, regress."""
        encoded = self.encoders(batch)
        present = encoded.present.unsqueeze(-1)
        pairs = zip(self.reduce, encoded.vectors, strict=True)
        tokens = torch.stack([layer(vector) for layer, vector in pairs], dim=1) * present  # (batch, 3, channels)
        if self.attention is not None:
            tokens = self.attention(tokens, encoded.present) * present
        _, prediction = self.head(tokens.flatten(1))
        return Output(prediction.float(), extras=vars(encoded))

    def losses(self, output: Output, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Fit the Gaussian predictors, or minimise L1 + contrast - mutual information."""
        encoded = ModalityVectors(**output.extras)
        if phase == "estimate" and self.information is not None:
            return {"loss": -self.information.log_likelihood(encoded)}
        task = functional.l1_loss(output.prediction, batch.label)
        losses = {"loss": task, "task": task}
        if self.config.contrast.weight:
            losses["contrast"] = self._contrast(encoded, batch.label / self.spec.label_scale)
            losses["loss"] = losses["loss"] + self.config.contrast.weight * losses["contrast"]
        if self.information is not None:
            losses["log_likelihood"] = self.information.log_likelihood(encoded)
            losses["entropy"] = self.information.entropy(encoded, batch.label)
            bound = losses["log_likelihood"] + losses["entropy"]
            losses["loss"] = losses["loss"] - self.config.information.weight * bound
        return losses

    def phases(self) -> list[Phase]:
        """The predictors of the mutual information are fitted first, with all else at rest; then all else."""
        if self.information is None:
            return [Phase("main", learning_groups(self, self.config))]
        settings = self.config.information
        predictors = tuple(self.information.predictors.parameters())
        estimate = ParameterGroup("predictors", predictors, settings.learning_rate, settings.decay)
        return [
            Phase("estimate", (estimate,)),
            Phase("main", learning_groups(self, self.config, apart=predictors)),
        ]

    def _attention(self) -> TalkingHeadsAttention:
        config = self.config
        return TalkingHeadsAttention(
            config.channels, heads=config.heads, head_dim=config.head_dim, dropout=config.fusion_dropout
        )

    def _contrast(self, encoded: ModalityVectors, labels: Tensor) -> Tensor:
        settings = self.config.contrast.model_dump(exclude={"weight"})
        values = [
            contrast_within(vectors, encoded.present[:, index], labels, **settings)
            for index, vectors in enumerate(encoded.vectors)
        ]
        return torch.stack(values).mean()


model = Mecam
