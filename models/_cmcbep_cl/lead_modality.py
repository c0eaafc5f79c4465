"""Selection of the lead modality of a clip, and how it supplements the others (CMCBEP-CL)."""

from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from models.layers.attention import GroupAttention, GroupBlock
from models.layers.masks import non_empty_mask

#: Pairs of modalities by index in (text, audio, vision).
PAIRS = ((0, 1), (0, 2), (1, 2))
#: The modalities of a clip by its lead: the lead first, the others in their usual order.
_ORDERS = ((0, 1, 2), (1, 0, 2), (2, 0, 1))
_LEAD_FEEDFORWARD_DIM = 16


class PairScore(nn.Module):
    """How strongly two vectors belong to one clip, as a logit.

    Trained to tell pairs of a clip from pairs across clips, it estimates log p(x, y) / (p(x) p(y)).
    """

    def __init__(self, width: int, *, groups: int, feedforward_dim: int, dropout: float) -> None:
        """Build one block of group attention and its output."""
        super().__init__()
        self.project = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.block = GroupBlock(width, groups=groups, feedforward_dim=feedforward_dim, dropout=dropout)
        self.output = nn.Linear(width, 1)

    def forward(
        self, first: Float[Tensor, "batch width"], second: Float[Tensor, "batch width"]
    ) -> Float[Tensor, "batch"]:
        """Score each clip's pair."""
        read = self.block(self.norm(self.project(first)), self.project(second))
        return self.output(read).squeeze(-1).float()


def lead_weights(
    scores: Float[Tensor, "batch modalities"], present: Bool[Tensor, "batch modalities"]
) -> Float[Tensor, "batch modalities"]:
    """One for the modality with the highest score among those present, zero for the others.

    The gradient is that of a softmax over the scores (straight-through; Bengio et al. 2013).
    """
    soft = scores.masked_fill(~non_empty_mask(present), float("-inf")).softmax(dim=1)
    hard = functional.one_hot(soft.argmax(dim=1), scores.shape[1]).to(soft.dtype)
    return hard + soft - soft.detach()


def modality_scores(pair_scores: Float[Tensor, "batch pairs"]) -> Float[Tensor, "batch modalities"]:
    """Score of each modality: the sum of the scores of its two pairs."""
    belongs = torch.tensor([[float(index in pair) for index in range(3)] for pair in PAIRS], device=pair_scores.device)
    return pair_scores @ belongs


def lead_first(lead: Int[Tensor, "batch"]) -> Int[Tensor, "batch modalities"]:
    """Indices that put a clip's lead before its other modalities."""
    return torch.tensor(_ORDERS, device=lead.device)[lead]


class Supplement(nn.Module):
    """Encodes the lead further; each other modality adds attention to itself, guided by the lead."""

    def __init__(self, width: int, *, groups: int, dropout: float) -> None:
        """Build the blocks of the lead and the attention of the others."""
        super().__init__()
        block = partial(GroupBlock, width, groups=groups, dropout=dropout)
        self.encode = nn.ModuleList(block(feedforward_dim=_LEAD_FEEDFORWARD_DIM) for _ in range(2))
        self.deepen = nn.ModuleList(block(feedforward_dim=width) for _ in range(2))
        self.guided = GroupAttention(width, groups=groups, dropout=dropout)

    def forward(
        self, vectors: Float[Tensor, "batch modalities width"], weights: Float[Tensor, "batch modalities"]
    ) -> Float[Tensor, "batch modalities width"]:
        """Supplement all modalities; ``weights`` marks the lead."""
        share = weights.unsqueeze(-1)
        lead = (vectors * share).sum(dim=1)
        encoded = _through(self.encode, lead)
        deepened = _through(self.deepen, lead + encoded)
        guide = encoded.unsqueeze(1).expand_as(vectors)
        others = vectors + self.guided(guide, vectors)
        return share * deepened.unsqueeze(1) + (1.0 - share) * others


def _through(blocks: nn.ModuleList, values: Tensor) -> Tensor:
    for block in blocks:
        values = block(values, values)
    return values
