"""AMCCL: adaptive multi-scale convolution over the modalities with contrastive learning.

Yu, Li, Deng, Gao and Zhu, "Adaptive Multi-Scale Convolution Fusion Network with Contrastive Learning for
Multimodal Sentiment Analysis", PRICAI 2025. Built from the description of its architecture, with these deviations
from the published code, each for a reason:

- attention, means and the "last step" respect the masks: on end-padded data they mostly saw padding;
- the head has LayerNorm instead of BatchNorm, which cannot train on a batch of one and makes the training signal
  of a clip depend on the other clips of its batch;
- the contrast is averaged over the positives of an anchor, a clip is not its own positive, negatives count in the
  denominator, and both directions between two modalities are used (see ``layers/contrastive.py``);
- the margin requires positives to be more similar than negatives. The published one required the similarity within
  a modality to exceed that between modalities, which works against their alignment and is rarely satisfied;
- an absent modality takes part in no mean, no pair and no skip.
"""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from models._amccl.modality_convolution import ModalityConvolution, SqueezeExcite, UnimodalSummary
from models._base import (
    MODALITIES,
    Batch,
    FeatureSpec,
    ModelConfig,
    Output,
    ParameterGroup,
    Phase,
    SentimentModel,
    decayed_groups,
)
from models.layers.contrastive import ContrastConfig, contrastive_loss
from models.layers.masks import last_valid, masked_mean
from models.layers.sequence import SequenceEncoder
from models.layers.text import text_states

VERSION = 2


class Config(ModelConfig):
    """Settings of AMCCL; the defaults are those of the published code for CMU-MOSI."""

    channels: int = Field(default=64, ge=3)
    """Width of the vector that each modality is reduced to (D)."""
    head_dim: int = Field(default=128, ge=1)
    """Width unit of the regression head (P)."""
    layers: int = Field(default=2, ge=1)
    """Transformer layers of audio and of vision."""
    audio_heads: int = Field(default=1, ge=1)
    """Attention heads of audio; if they do not divide its width, the rows are projected first."""
    vision_heads: int = Field(default=4, ge=1)
    """Attention heads of vision."""
    feedforward_dim: int = Field(default=2048, ge=1)
    """Width of the transformers' feed-forward layers."""
    text_summary: Literal["first", "mean"] = "first"
    """The vector of a text: its first token ([CLS]), or the mean of its tokens for encoders trained that way."""
    row_summary: Literal["last", "mean"] = "last"
    """The vector of audio and vision: the last measured row, or the mean of all."""
    encoder_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout within the transformers of audio and vision."""
    unimodal_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout on the vector of a modality."""
    fusion_dropout: float = Field(default=0.2, ge=0, lt=1)
    """Dropout on the input of the head."""
    summary_reduction: int = Field(default=2, ge=1)
    """The unimodal skips squeeze features by this factor (r)."""
    squeeze_excite: bool = True
    """Gate the channels of the fused vector."""
    unimodal_skips: bool = True
    """Pass a squeezed mean of each modality to the head, bypassing the fusion (UniNet)."""
    stored_text: bool = False
    """Read the pack's contextual vectors (`text`) instead of fine-tuning an encoder on its token ids."""
    contrast: ContrastConfig = ContrastConfig()
    """The contrast between clips; its weight 0 switches it off."""
    text_lr: float = Field(default=5e-5, gt=0)
    """Learning rate of the text encoder."""
    audio_lr: float = Field(default=1e-3, gt=0)
    """Learning rate of the audio transformer."""
    vision_lr: float = Field(default=5e-4, gt=0)
    """Learning rate of the vision transformer."""
    other_lr: float = Field(default=5e-4, gt=0)
    """Learning rate of all other parameters."""
    text_decay: float = Field(default=0.01, ge=0)
    """Weight decay of the text encoder."""
    audio_decay: float = Field(default=0.01, ge=0)
    """Weight decay of the audio transformer."""
    vision_decay: float = Field(default=0.01, ge=0)
    """Weight decay of the vision transformer."""
    other_decay: float = Field(default=0.001, ge=0)
    """Weight decay of all other parameters."""


class Amccl(SentimentModel):
    """Each modality becomes a vector; convolutions slide over the three vectors; a head regresses sentiment."""

    config: Config

    def __init__(self, config: Config, spec: FeatureSpec) -> None:
        """Build the layers for the widths of ``spec``."""
        super().__init__(config, spec)
        self.text = text_states(spec, stored=config.stored_text)
        self.audio = self._row_encoder(spec.audio_dim, config.audio_heads)
        self.vision = self._row_encoder(spec.vision_dim, config.vision_heads)
        widths = (self.text.width, self.audio.width, self.vision.width)
        self.reduce = nn.ModuleList(nn.Linear(width, config.channels) for width in widths)
        self.skips = nn.ModuleList(
            UnimodalSummary(width, config.channels, reduction=config.summary_reduction)
            for width in widths
            if config.unimodal_skips
        )
        self.convolution = ModalityConvolution(config.channels)
        self.squeeze = SqueezeExcite(config.channels) if config.squeeze_excite else None
        self.head = self._head(config.channels * (1 + len(self.skips)))

    def forward(self, batch: Batch) -> Output:
        """Encode, reduce to one vector per modality, fuse, regress."""
        rows = (
            self.text(batch),
            self.audio(batch.audio, batch.audio_mask),
            self.vision(batch.vision, batch.vision_mask),
        )
        masks = (batch.text_mask, batch.audio_mask, batch.vision_mask)
        present = torch.stack([mask.any(dim=1) for mask in masks], dim=1)  # (batch, 3)
        vectors = self._reduce(rows, masks) * present.unsqueeze(-1)  # (batch, 3, channels)
        skips = [skip(row, mask) for skip, row, mask in zip(self.skips, rows, masks, strict=False)]
        fused = torch.cat([self._fuse(vectors, present), *skips], dim=-1)
        prediction = self.head(fused).squeeze(-1).float()
        return Output(prediction, extras={"vectors": vectors, "present": present})

    def losses(self, output: Output, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Mean absolute error plus the weighted contrast."""
        task = functional.l1_loss(output.prediction, batch.label)
        contrast = self.config.contrast
        if contrast.weight == 0:
            return {"loss": task, "task": task}
        labels = batch.label / self.spec.label_scale
        value = contrastive_loss(output.extras["vectors"], output.extras["present"], labels, contrast)
        return {"loss": task + contrast.weight * value, "task": task, "contrast": value}

    def phases(self) -> list[Phase]:
        """One phase, with separate learning rates and decays for each encoder and the rest."""
        config = self.config
        others = [(name, p) for name, p in self.named_parameters() if name.split(".")[0] not in MODALITIES]
        groups = (
            *decayed_groups(
                "text", self.text.named_parameters(), learning_rate=config.text_lr, weight_decay=config.text_decay
            ),
            ParameterGroup("audio", tuple(self.audio.parameters()), config.audio_lr, config.audio_decay),
            ParameterGroup("vision", tuple(self.vision.parameters()), config.vision_lr, config.vision_decay),
            ParameterGroup("other", tuple(p for _, p in others), config.other_lr, config.other_decay),
        )
        return [Phase("main", groups)]

    def _reduce(
        self, rows: tuple[Tensor, ...], masks: tuple[Tensor, ...]
    ) -> Float[Tensor, "batch modalities channels"]:
        text_mean, row_mean = self.config.text_summary == "mean", self.config.row_summary == "mean"
        pool_rows = masked_mean if row_mean else last_valid
        pooled = (
            masked_mean(rows[0], masks[0]) if text_mean else rows[0][:, 0],
            pool_rows(rows[1], masks[1]),
            pool_rows(rows[2], masks[2]),
        )
        dropped = [functional.dropout(row, self.config.unimodal_dropout, self.training) for row in pooled]
        return torch.stack([layer(row).relu() for layer, row in zip(self.reduce, dropped, strict=True)], dim=1)

    def _fuse(
        self, vectors: Float[Tensor, "batch modalities channels"], present: Bool[Tensor, "batch modalities"]
    ) -> Float[Tensor, "batch channels"]:
        mixed = self.convolution(vectors, present)
        if self.squeeze is not None:
            mixed = self.squeeze(mixed, present)
        return masked_mean(mixed, present)

    def _row_encoder(self, features: int, heads: int) -> SequenceEncoder:
        return SequenceEncoder(
            features,
            heads=heads,
            layers=self.config.layers,
            feedforward_dim=self.config.feedforward_dim,
            dropout=self.config.encoder_dropout,
        )

    def _head(self, width: int) -> nn.Sequential:
        unit = self.config.head_dim
        return nn.Sequential(
            nn.Dropout(self.config.fusion_dropout),
            nn.Linear(width, 3 * unit),
            nn.Linear(3 * unit, 2 * unit),
            nn.ReLU(),
            nn.LayerNorm(2 * unit),
            nn.Linear(2 * unit, 1),
        )


model = Amccl
