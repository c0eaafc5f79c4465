"""UniMSE: a pretrained encoder-decoder reads the text, adapters add audio and vision, and it generates the label.

Hu, Lin, Zhao, Lu, Wu and Li, "UniMSE: Towards Unified Multimodal Sentiment Analysis and Emotion Recognition",
EMNLP 2022. Built from the description of its architecture. A label is a polarity, an intensity and, where the data has
emotions (its own, or borrowed ones in a union), an emotion. Deviations from the published code, each for a reason:

- the backbone is an unmodified library model with hooks; the published one is a modified copy of T5's code;
- adapters start as the identity. The published adapters put three random maps into each half of a frozen T5;
- the contrast reads fused states of the encoder and is on, as in the paper; its projections are trained. In the
  published code it is off by default, reads shuffled pairs, and its projections stay random;
- output is constrained to the grammar of labels, in training and in prediction, so every output is a valid label.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from models._base import (
    Batch,
    FeatureSpec,
    ModelConfig,
    Output,
    ParameterGroup,
    Phase,
    SentimentModel,
    decayed_groups,
)
from models._unimse.label_grammar import LabelGrammar
from models._unimse.pmf_adapter import AdapterStack
from models._unimse.seq2seq import Seq2Seq
from models.layers.info_nce import contrast_between
from models.layers.masks import masked_mean
from models.layers.recurrent import RecurrentEncoder

VERSION = 1


class FusionContrastConfig(ModelConfig):
    """Settings of the contrast between fused states and modalities. Both weights 0 switch it off."""

    vision_weight: float = Field(default=0.5, ge=0)
    """Weight of the contrast with vision (alpha)."""
    audio_weight: float = Field(default=0.5, ge=0)
    """Weight of the contrast with audio (beta)."""
    width: int = Field(default=30, ge=1)
    """Width of the projections that are compared."""
    temperature: float = Field(default=0.1, gt=0)
    """Divides cosines (tau)."""


class Config(ModelConfig):
    """Settings of UniMSE; the defaults are the paper's where it states them."""

    backbone: str | None = None
    """Folder or hub id of an encoder-decoder, such as ``t5-base``; null builds one from the pack's text encoder."""
    prompt: str = "sst2 sentence: "
    """Prefix of each transcript; the default backbone reads the pack's token ids and has none."""
    trained_blocks: int | None = Field(default=None, ge=0)
    """Last blocks of encoder and decoder that are trained, the rest is frozen; null: all."""
    adapted_blocks: int = Field(default=3, ge=0)
    """Last blocks of encoder and decoder that have an adapter; 0: the plain backbone, which reads text only."""
    adapter_dim: int = Field(default=64, ge=1)
    """Width of the adapters' bottleneck."""
    lstm_dim: int = Field(default=32, ge=1)
    """Width of the LSTMs' state."""
    vector_dim: int = Field(default=32, ge=1)
    """Width of the vectors of audio and vision."""
    row_summary: Literal["last", "mean"] = "last"
    """The vector of audio and vision: the LSTM's last state, or the mean of all."""
    vector_dropout: float = Field(default=0.3, ge=0, lt=1)
    """Dropout on the vectors of audio and vision."""
    contrast: FusionContrastConfig = FusionContrastConfig()
    """The contrast between fused states and modalities."""
    backbone_lr: float = Field(default=3e-4, gt=0)
    """Learning rate of the backbone."""
    backbone_decay: float = Field(default=1e-4, ge=0)
    """Weight decay of the backbone."""
    other_lr: float = Field(default=1e-4, gt=0)
    """Learning rate of all other parameters."""
    other_decay: float = Field(default=1e-4, ge=0)
    """Weight decay of all other parameters."""


class FusionContrast(nn.Module):
    """InfoNCE between the fused states of each adapted block and the vectors of audio and vision."""

    def __init__(self, config: FusionContrastConfig, *, blocks: int, states: int, vectors: int) -> None:
        """Build one projection per block and one per modality."""
        super().__init__()
        self.config = config
        self.fused = nn.ModuleList(nn.Linear(states, config.width) for _ in range(blocks))
        self.audio = nn.Linear(vectors, config.width) if config.audio_weight else None
        self.vision = nn.Linear(vectors, config.width) if config.vision_weight else None

    def forward(
        self,
        fused: Float[Tensor, "batch blocks states"],
        vectors: Sequence[Float[Tensor, "batch vectors"]],
        present: Bool[Tensor, "batch modalities"],
    ) -> Float[Tensor, ""]:
        """The weighted sum over the modalities of the mean over the blocks.

        Args:
            fused: mean over the tokens of a text.
            vectors: audio, vision.
            present: False where a clip lacks text, audio or vision; such pairs are left out.
        """
        total = fused.new_zeros(())
        weights = (self.config.audio_weight, self.config.vision_weight)
        for index, (project, weight) in enumerate(zip((self.audio, self.vision), weights, strict=True)):
            if project is None:
                continue
            usable, other = present[:, 0] & present[:, index + 1], project(vectors[index])
            values = [
                contrast_between(layer(fused[:, block]), other, usable, temperature=self.config.temperature)
                for block, layer in enumerate(self.fused)
            ]
            total = total + weight * torch.stack(values).mean()
        return total


class Unimse(SentimentModel):
    """An encoder-decoder over the text whose last blocks also get audio and vision; it generates a label in words."""

    config: Config

    def __init__(self, config: Config, spec: FeatureSpec) -> None:
        """Load the backbone and hook the adapters to it."""
        super().__init__(config, spec)
        self.backbone = Seq2Seq(config.backbone, spec.text_encoder, prompt=config.prompt)
        self.grammar = LabelGrammar(
            spec.label_range, self.backbone.encode_text, end=self.backbone.end, emotions=spec.classes
        )
        if config.trained_blocks is not None:
            self.backbone.freeze(all_but=config.trained_blocks)
        halves = (self.backbone.model.get_encoder(), self.backbone.model.get_decoder())
        self.encoder_adapters, self.decoder_adapters = (
            AdapterStack(half, count=config.adapted_blocks, condition=2 * config.vector_dim, hidden=config.adapter_dim)
            for half in halves
        )
        self.audio, self.vision, self.contrast = None, None, None
        if config.adapted_blocks:
            self.audio, self.vision = self._rows(spec.audio_dim), self._rows(spec.vision_dim)
            self.contrast = self._contrast()
        self.dropout = nn.Dropout(config.vector_dropout)

    def forward(self, batch: Batch) -> Output:
        """Encode the clips and, in evaluation mode, generate their labels; in training mode the prediction is NaN."""
        audio, vision = self._vectors(batch)
        token_ids, mask = self.backbone.tokens(batch)
        condition = torch.cat([audio, vision], dim=1)
        with self.encoder_adapters.reading(condition) as fused:
            states = self.backbone.encode(token_ids, mask)
            summaries = [masked_mean(block, mask) for block in fused]
        extras = {"states": states, "mask": mask, "audio": audio, "vision": vision}
        if summaries:
            extras["fused"] = torch.stack(summaries, dim=1)
        if self.training:
            # Generation takes longer than the training step, and nothing uses its result.
            return Output(torch.full((len(batch),), torch.nan, device=states.device), extras)
        labels = self._generate(states, mask, condition)
        generated = tuple(self.grammar.texts[label] for label in labels.tolist())
        return Output(self.grammar.sentiment(labels), extras, self.grammar.emotion(labels), generated)

    def losses(self, output: Output, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Negative log-likelihood of the label, and the contrast."""
        extras = output.extras
        index = self.grammar.label_index(batch.label, batch.annotations)
        with self.decoder_adapters.reading(torch.cat([extras["audio"], extras["vision"]], dim=1)):
            inputs = self.grammar.inputs(index, start=self.backbone.start)
            logits = self.backbone.decode(extras["states"], extras["mask"], inputs)
        task = self.grammar.negative_log_likelihood(logits, index).mean()
        if self.contrast is None:
            return {"loss": task, "task": task}
        masks = (batch.text_mask, batch.audio_mask, batch.vision_mask)
        present = torch.stack([mask.any(dim=1) for mask in masks], dim=1)
        contrast = self.contrast(extras["fused"], (extras["audio"], extras["vision"]), present)
        return {"loss": task + contrast, "task": task, "contrast": contrast}

    def phases(self) -> list[Phase]:
        """One phase; the backbone has a rate of its own."""
        config = self.config
        backbone = {id(parameter) for parameter in self.backbone.parameters()}
        others = [(name, parameter) for name, parameter in self.named_parameters() if id(parameter) not in backbone]
        groups: tuple[ParameterGroup, ...] = (
            *decayed_groups(
                "backbone",
                self.backbone.named_parameters(),
                learning_rate=config.backbone_lr,
                weight_decay=config.backbone_decay,
            ),
            *decayed_groups("other", others, learning_rate=config.other_lr, weight_decay=config.other_decay),
        )
        return [Phase("main", groups)]

    @torch.no_grad()
    def _generate(self, states: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        first = torch.full((len(states), 1), self.backbone.start, device=states.device)
        with self.decoder_adapters.reading(condition):
            return self.grammar.greedy(self.backbone.stepper(states, mask), first)

    def _vectors(self, batch: Batch) -> tuple[Tensor, Tensor]:
        if self.audio is None or self.vision is None:
            nothing = batch.audio.new_zeros(len(batch), self.config.vector_dim)
            return nothing, nothing
        audio, vision = self.audio(batch.audio, batch.audio_mask), self.vision(batch.vision, batch.vision_mask)
        return self.dropout(audio), self.dropout(vision)

    def _rows(self, features: int) -> RecurrentEncoder:
        config = self.config
        return RecurrentEncoder(features, hidden=config.lstm_dim, width=config.vector_dim, summary=config.row_summary)

    def _contrast(self) -> FusionContrast | None:
        settings = self.config.contrast
        if not settings.audio_weight and not settings.vision_weight:
            return None
        return FusionContrast(
            settings,
            blocks=len(self.encoder_adapters.adapters),
            states=self.backbone.model.get_encoder().config.hidden_size,
            vectors=self.config.vector_dim,
        )


model = Unimse
