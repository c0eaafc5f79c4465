"""Fusion around a lead modality, the split into shared and specific parts, and the vote (CMCBEP-CL)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from models.layers.attention import GroupAttention, GroupBlock, feed_forward


class FusionBlock(nn.Module):
    """The lead attends to the two other modalities in turn, each through a gate."""

    def __init__(self, width: int, *, groups: int, dropout: float) -> None:
        """Build the projection and gate that all modalities share, and the lead's three steps."""
        super().__init__()
        self.project = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)
        self.reads = nn.ModuleList(GroupAttention(width, groups=groups, dropout=dropout) for _ in range(2))
        self.feedforward = feed_forward(width, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, slots: Float[Tensor, "batch slots width"], present: Bool[Tensor, "batch slots"]
    ) -> Float[Tensor, "batch width"]:
        """Fuse; the first slot is the lead, and an absent modality adds nothing."""
        projected = self.project(slots)
        gates = torch.sigmoid(self.gate(projected)) * present.unsqueeze(-1)
        fused = projected[:, 0]
        for index, read in enumerate(self.reads, start=1):
            attended = self.dropout(read(fused, projected[:, index]))
            fused = self.norms[index - 1](fused + gates[:, index] * attended)
        return self.norms[2](fused + gates[:, 0] * self.dropout(self.feedforward(fused)))


class LeadFusion(nn.Module):
    """A chain of fusion blocks: the result of each is the lead of the next."""

    def __init__(self, width: int, *, groups: int, blocks: int, dropout: float) -> None:
        """Build the chain."""
        super().__init__()
        self.blocks = nn.ModuleList(FusionBlock(width, groups=groups, dropout=dropout) for _ in range(blocks))

    def forward(
        self, slots: Float[Tensor, "batch slots width"], present: Bool[Tensor, "batch slots"]
    ) -> Float[Tensor, "batch width"]:
        """Fuse; the first slot is the lead."""
        lead, others = slots[:, 0], slots[:, 1:]
        for block in self.blocks:
            lead = block(torch.cat([lead.unsqueeze(1), others], dim=1), present)
        return lead


class SpecificFilter(nn.Module):
    """Splits a modality into a part that agrees with the fusion and a specific part."""

    def __init__(self, width: int, *, groups: int, dropout: float) -> None:
        """Build the gate, the linear split and the block that joins the parts."""
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.split = nn.Linear(width, width)
        self.block = GroupBlock(width, groups=groups, feedforward_dim=width, dropout=dropout)

    def forward(
        self, vectors: Float[Tensor, "batch width"], fusion: Float[Tensor, "batch width"]
    ) -> tuple[Float[Tensor, "batch width"], Float[Tensor, "batch width"]]:
        """The filtered vector, and the specific part."""
        agreement = torch.sigmoid(self.norms[0](torch.sigmoid(vectors) * fusion))
        own = self.norms[1](self.split(vectors))
        joined = self.norms[2](own + agreement * vectors)
        return self.block(joined, joined), own


class Vote(nn.Module):
    """A weighted mean of several predictions; the weights follow from the predictions and start equal."""

    def __init__(self, voters: int) -> None:
        """Build the weights."""
        super().__init__()
        self.weigh = nn.Linear(voters, voters)
        nn.init.zeros_(self.weigh.weight)
        nn.init.zeros_(self.weigh.bias)

    def forward(
        self, predictions: Float[Tensor, "batch voters"], present: Bool[Tensor, "batch voters"]
    ) -> Float[Tensor, "batch"]:
        """Combine the predictions of the modalities present; there must be at least one."""
        masked = predictions * present
        weights = self.weigh(masked).masked_fill(~present, float("-inf")).softmax(dim=1)
        return (weights * masked).sum(dim=1)
