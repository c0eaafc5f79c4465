"""CMCBEP-CL: a lead modality per clip supplements the others; five predictions are combined.

"Cross-Modal Complementary Balanced Emotion Prediction driven by Contrastive Learning"; no paper is known, only code
and figures. Built from the description of its architecture, with these deviations, each for a reason:

- every clip has its own lead, the modality that shares most information with the others. In the published code the
  first clip of a batch decides for all, by a table that takes the lowest, middle or highest score as the lead;
- the scores of the pairs are trained to distinguish pairs of one clip from pairs of two, which is bounded; the
  published scores are maximised without limit. The lead is learnt through them (straight-through);
- the contrast is part of the loss, in both directions, and projections, filters and unimodal heads belong to
  modalities, not to the slots of lead and others, whose meaning changes from clip to clip;
- the fusion blocks form a chain with residuals; in the published code only the last counts, and it drops the lead;
- the unimodal heads that vote are trained on the label too; an absent modality never leads and has no vote.

Attention over one token is an affine map, so the encoder of the lead uses group attention instead.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from models._base import MODALITIES, Batch, FeatureSpec, Output, Phase, SentimentModel
from models._cmcbep_cl.gated_fusion import LeadFusion, SpecificFilter, Vote
from models._cmcbep_cl.lead_modality import PAIRS, PairScore, Supplement, lead_first, lead_weights, modality_scores
from models._cmcbep_cl.losses import LossWeights, discrimination, mean_distance, orthogonality
from models.layers.encoders import EncoderConfig, Encoders, learning_groups
from models.layers.heads import RegressionHead
from models.layers.info_nce import contrast_between

VERSION = 2


class Config(EncoderConfig):
    """Settings of CMCBEP-CL; the defaults are the published code's for CMU-MOSI where it has them."""

    channels: int = Field(default=64, ge=1)
    """Width of all vectors."""
    groups: int = Field(default=8, ge=1)
    """Groups of features between which attention runs; divides ``channels``."""
    feedforward_dim: int = Field(default=2560, ge=1)
    """Width of the feed-forward layer in the scores of the pairs."""
    fusion_blocks: int = Field(default=3, ge=1)
    """Blocks in the chain of a fusion."""
    lead: Literal["scored", "text", "audio", "vision"] = "scored"
    """How the lead is chosen: by the scores of the pairs, or the same modality in all clips that have it."""
    filter: bool = True
    """Split modalities into shared and specific parts before the second fusion."""
    vote: bool = True
    """Combine five predictions; without it only the last fusion predicts."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout in attention, feed-forward layers and heads."""
    temperature: float = Field(default=0.1, gt=0)
    """Divides cosines in the contrast (tau)."""
    weights: LossWeights = LossWeights()
    """Shares of the terms in the loss."""
    text_decay: float = Field(default=3e-4, ge=0)
    """Weight decay of the text encoder."""
    other_decay: float = Field(default=3e-4, ge=0)
    """Weight decay of all other parameters."""

    @model_validator(mode="after")
    def _groups_divide_channels(self) -> "Config":
        if self.channels % self.groups:
            message = f"groups is {self.groups}, which does not divide channels, {self.channels}"
            raise ValueError(message)
        return self


class CmcbepCl(SentimentModel):
    """Vectors of three modalities, a lead among them, two fusions around it, five predictions."""

    config: Config

    def __init__(self, config: Config, spec: FeatureSpec) -> None:
        """Build the layers for the widths of ``spec``."""
        super().__init__(config, spec)
        width, groups, dropout = config.channels, config.groups, config.dropout
        self.encoders = Encoders(config, spec, audio_dim=width, vision_dim=width)
        self.reduce_text = nn.Linear(self.encoders.widths[0], width)
        self.scores = nn.ModuleList(
            PairScore(width, groups=groups, feedforward_dim=config.feedforward_dim, dropout=dropout)
            for _ in PAIRS
            if config.lead == "scored"
        )
        self.supplement = Supplement(width, groups=groups, dropout=dropout)
        projected = config.weights.contrast or config.weights.means
        self.projections = nn.ModuleList(nn.Linear(width, width) for _ in MODALITIES if projected)
        self.fusions = nn.ModuleList(
            LeadFusion(width, groups=groups, blocks=config.fusion_blocks, dropout=dropout) for _ in range(2)
        )
        self.filters = nn.ModuleList(
            SpecificFilter(width, groups=groups, dropout=dropout) for _ in MODALITIES if config.filter
        )
        self.fused_head = RegressionHead(width, width, dropout=dropout)
        self.joint_head = RegressionHead(2 * width, 2 * width, dropout=dropout)
        self.unimodal_heads = nn.ModuleList(nn.Linear(width, 1) for _ in MODALITIES if config.vote)
        self.vote = Vote(2 + len(MODALITIES)) if config.vote else None

    def forward(self, batch: Batch) -> Output:
        """Encode, choose the lead, supplement, fuse, filter, fuse again, vote."""
        encoded = self.encoders(batch)
        present, modalities = encoded.present, (self.reduce_text(encoded.text), encoded.audio, encoded.vision)
        vectors = torch.stack(modalities, dim=1) * present.unsqueeze(-1)  # (batch, 3, channels)
        pair_scores = self._pair_scores(vectors, shift=0)
        lead = self._lead(pair_scores, present)
        encoded_extras = {"vectors": vectors, "pair_scores": pair_scores, "present": present, "lead": lead}
        supplemented = self.supplement(vectors, lead) * present.unsqueeze(-1)
        order = lead_first(lead.argmax(dim=1))
        fusion, fused = self.fused_head(self._fuse(0, supplemented, present, order))
        filtered, own = self._filter(supplemented, fusion, present)
        _, joint = self.joint_head(torch.cat([self._fuse(1, filtered, present, order), fusion], dim=1))
        unimodal = self._unimodal(filtered)
        prediction = self._vote(joint, fused, unimodal, present)
        extras = {"supplemented": supplemented, "own": own, "fused": fused.float(), "unimodal": unimodal}
        return Output(prediction, extras=encoded_extras | extras)

    def losses(self, output: Output, batch: Batch, phase: str) -> dict[str, Tensor]:
        """The weighted sum of all terms, the terms, and the fraction of clips that each modality leads."""
        terms = self._errors(output, batch.label) | self._between(output.extras)
        weights = self.config.weights.model_dump()
        used = {name: value for name, value in terms.items() if weights[name]}
        total = torch.stack([weights[name] * value for name, value in used.items()]).sum()
        leads = output.extras["lead"].detach().mean(dim=0)
        return {"loss": total, **used, **{f"lead_{name}": leads[index] for index, name in enumerate(MODALITIES)}}

    def phases(self) -> list[Phase]:
        """One phase."""
        return [Phase("main", learning_groups(self, self.config))]

    def _pair_scores(self, vectors: Tensor, *, shift: int) -> Float[Tensor, "batch pairs"]:
        """Logits of all pairs, the second modality taken from ``shift`` clips earlier."""
        scores = [
            score(vectors[:, first], vectors[:, second].roll(shift, 0))
            for score, (first, second) in zip(self.scores, PAIRS, strict=False)
        ]
        return torch.stack(scores, dim=1) if scores else vectors.new_zeros(len(vectors), 0)

    def _lead(self, pair_scores: Tensor, present: Bool[Tensor, "batch modalities"]) -> Float[Tensor, "batch 3"]:
        if self.config.lead != "scored":
            fixed = torch.tensor([name == self.config.lead for name in MODALITIES], device=present.device)
            return lead_weights(fixed.float().expand(present.shape), present)
        both = torch.stack([present[:, first] & present[:, second] for first, second in PAIRS], dim=1)
        return lead_weights(modality_scores(torch.sigmoid(pair_scores) * both), present)

    def _fuse(self, index: int, vectors: Tensor, present: Tensor, order: Int[Tensor, "batch 3"]) -> Tensor:
        slots = vectors.take_along_dim(order.unsqueeze(-1), dim=1)
        return self.fusions[index](slots, present.take_along_dim(order, dim=1))

    def _filter(self, vectors: Tensor, fusion: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Filtered vectors and specific parts; without the filter, the vectors themselves and zero."""
        if not self.filters:
            return vectors, vectors.new_zeros(())
        parts = [layer(vectors[:, index], fusion) for index, layer in enumerate(self.filters)]
        filtered, own = (torch.stack(side, dim=1) for side in zip(*parts, strict=True))
        return filtered * present.unsqueeze(-1), own

    def _unimodal(self, vectors: Tensor) -> Float[Tensor, "batch voters"]:
        predictions = [head(vectors[:, index]).float() for index, head in enumerate(self.unimodal_heads)]
        return torch.cat(predictions, dim=1) if predictions else vectors.new_zeros(len(vectors), 0).float()

    def _vote(self, joint: Tensor, fused: Tensor, unimodal: Tensor, present: Tensor) -> Float[Tensor, "batch"]:
        if self.vote is None:
            return joint.float()
        always = torch.ones_like(present[:, :2])
        predictions = torch.cat([torch.stack([joint, fused], dim=1).float(), unimodal], dim=1)
        return self.vote(predictions, torch.cat([always, present], dim=1)).float()

    def _errors(self, output: Output, label: Tensor) -> dict[str, Tensor]:
        """Smooth L1 of the final, the fused and the unimodal predictions."""
        extras = output.extras
        errors = {
            "prediction": functional.smooth_l1_loss(output.prediction, label),
            "fused": functional.smooth_l1_loss(extras["fused"], label),
        }
        if self.config.vote:
            targets = label.unsqueeze(1).expand_as(extras["unimodal"])
            each = functional.smooth_l1_loss(extras["unimodal"], targets, reduction="none") * extras["present"]
            errors["unimodal"] = each.sum() / extras["present"].sum().clamp_min(1)
        return errors

    def _between(self, extras: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The terms between modalities, each the mean over the three pairs."""
        terms: dict[str, list[Tensor]] = {}
        vectors, present = extras["supplemented"], extras["present"]
        projected = [layer(vectors[:, index]) for index, layer in enumerate(self.projections)]
        mismatched = self._pair_scores(extras["vectors"], shift=1)
        for index, (first, second) in enumerate(PAIRS):
            both = present[:, first] & present[:, second]
            pair: dict[str, Tensor] = {}
            if projected:
                sides = (projected[first], projected[second], both)
                pair["contrast"] = contrast_between(*sides, temperature=self.config.temperature)
                pair["means"] = mean_distance(*sides)
            if self.filters:
                pair["orthogonality"] = orthogonality(extras["own"][:, first], extras["own"][:, second], both)
            if self.scores:
                matched = extras["pair_scores"][:, index]
                pair["information"] = discrimination(matched, mismatched[:, index], present[:, [first, second]])
            for name, value in pair.items():
                terms.setdefault(name, []).append(value)
        return {name: torch.stack(values).mean() for name, values in terms.items()}


model = CmcbepCl
