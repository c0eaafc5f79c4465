"""Attention between modalities, and between the groups of features of single vectors."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from models.layers.masks import non_empty_mask


class TalkingHeadsAttention(nn.Module):
    """Self-attention over the modalities of a clip whose heads exchange their weights (Shazeer et al. 2020).

    The exchange follows the softmax and starts as the identity, that is, as plain multi-head attention. A residual
    connection and a LayerNorm close the block.
    """

    def __init__(self, width: int, *, heads: int, head_dim: int, dropout: float) -> None:
        """Build ``heads`` heads, each ``head_dim`` wide."""
        super().__init__()
        self.heads, self.head_dim = heads, head_dim
        self.query = nn.Linear(width, heads * head_dim, bias=False)
        self.key = nn.Linear(width, heads * head_dim, bias=False)
        self.value = nn.Linear(width, heads * head_dim, bias=False)
        self.talk = nn.Parameter(torch.eye(heads))
        self.merge = nn.Linear(heads * head_dim, width)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)

    def forward(
        self, tokens: Float[Tensor, "batch modalities width"], present: Bool[Tensor, "batch modalities"]
    ) -> Float[Tensor, "batch modalities width"]:
        """Let each modality attend to those present."""
        query, key, value = (self._heads(layer(tokens)) for layer in (self.query, self.key, self.value))
        scores = query @ key.transpose(-1, -2) / math.sqrt(self.head_dim)
        closed = ~non_empty_mask(present)[:, None, None, :]
        weights = self.dropout(scores.masked_fill(closed, float("-inf")).softmax(dim=-1))
        weights = torch.einsum("bhqk,gh->bgqk", weights, self.talk.to(weights.dtype))
        read = (weights @ value).transpose(1, 2).flatten(2)
        return self.norm(tokens + self.dropout(self.merge(read)))

    def _heads(self, values: Tensor) -> Tensor:
        return values.unflatten(-1, (self.heads, self.head_dim)).transpose(1, 2)


class GroupAttention(nn.Module):
    """Attention between the groups of features of single vectors (CMCBEP-CL).

    Each vector is cut into groups; those of the query attend to those of the key.
    """

    def __init__(self, width: int, *, groups: int, dropout: float) -> None:
        """Build the projections; ``groups`` divides ``width``."""
        super().__init__()
        self.groups = groups
        self.query, self.key, self.value, self.merge = (nn.Linear(width, width) for _ in range(4))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, query: Float[Tensor, "*vectors width"], content: Float[Tensor, "*vectors width"]
    ) -> Float[Tensor, "*vectors width"]:
        """Attend from the groups of ``query`` to those of ``content`` (key and value)."""
        projected = (self.query(query), self.key(content), self.value(content))
        asked, keys, values = (part.unflatten(-1, (self.groups, -1)) for part in projected)
        scores = asked @ keys.transpose(-1, -2) / math.sqrt(keys.shape[-1])
        mixed = self.dropout(scores.softmax(dim=-1)) @ values
        return self.merge(mixed.transpose(-1, -2).flatten(-2))


class GroupBlock(nn.Module):
    """Group attention and a feed-forward layer, each with a residual connection and a LayerNorm after it."""

    def __init__(self, width: int, *, groups: int, feedforward_dim: int, dropout: float) -> None:
        """Build the two halves."""
        super().__init__()
        self.attention = GroupAttention(width, groups=groups, dropout=dropout)
        self.feedforward = feed_forward(width, feedforward_dim)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, query: Float[Tensor, "*vectors width"], content: Float[Tensor, "*vectors width"]
    ) -> Float[Tensor, "*vectors width"]:
        """Attend from ``query`` to ``content``; the same vector twice gives self-attention."""
        read = self.norms[0](query + self.dropout(self.attention(query, content)))
        return self.norms[1](read + self.dropout(self.feedforward(read)))


def feed_forward(width: int, inner: int) -> nn.Sequential:
    """Two linear layers with a ReLU between them."""
    return nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, width))
