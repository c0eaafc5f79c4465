"""Multi-scale convolution over the modalities, and channel attention (AMCCL's AMC block)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from models.layers.masks import masked_mean

_KERNELS = (1, 3, 5)


class ModalityConvolution(nn.Module):
    """Convolutions of widths 1, 3 and 5 across the modalities, each with a weight drawn from the input.

    The output channels are shared out as evenly as possible between the three scales.
    """

    def __init__(self, channels: int) -> None:
        """Build one convolution per scale."""
        super().__init__()
        base, rest = divmod(channels, len(_KERNELS))
        sizes = [base + (index < rest) for index in range(len(_KERNELS))]
        self.scales = nn.ModuleList(
            nn.Conv1d(channels, size, kernel, padding=kernel // 2) for size, kernel in zip(sizes, _KERNELS, strict=True)
        )
        self.scale_weights = nn.Linear(channels, len(_KERNELS))

    def forward(
        self, stacked: Float[Tensor, "batch modalities channels"], present: Bool[Tensor, "batch modalities"]
    ) -> Float[Tensor, "batch modalities channels"]:
        """Mix the modalities; an absent one is a zero position, as padding is."""
        weights = torch.softmax(self.scale_weights(masked_mean(stacked, present)), dim=-1)  # (batch, scales)
        channels_first = stacked.transpose(1, 2)
        scaled = [
            convolution(channels_first) * weights[:, index, None, None] for index, convolution in enumerate(self.scales)
        ]
        return torch.cat(scaled, dim=1).transpose(1, 2)


class SqueezeExcite(nn.Module):
    """Scales each channel by a gate computed from all channels (Hu et al. 2018)."""

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        """Build the two layers of the gate."""
        super().__init__()
        inner = max(1, channels // reduction)
        self.gate = nn.Sequential(nn.Linear(channels, inner), nn.ReLU(), nn.Linear(inner, channels), nn.Sigmoid())

    def forward(
        self, values: Float[Tensor, "batch positions channels"], present: Bool[Tensor, "batch positions"]
    ) -> Float[Tensor, "batch positions channels"]:
        """Gate the channels by their mean over the positions that are present."""
        return values * self.gate(masked_mean(values, present)).unsqueeze(1)


class UnimodalSummary(nn.Module):
    """AMCCL's UniNet: the squeezed mean of one modality as a feature in (0, 1); zero where it is absent."""

    def __init__(self, features: int, channels: int, *, reduction: int) -> None:
        """Build the bottleneck from ``features`` to ``channels``."""
        super().__init__()
        inner = max(1, features // reduction)
        self.layers = nn.Sequential(
            nn.Linear(features, inner), nn.ReLU(), nn.Linear(inner, channels, bias=False), nn.Sigmoid()
        )

    def forward(
        self, values: Float[Tensor, "batch steps features"], mask: Bool[Tensor, "batch steps"]
    ) -> Float[Tensor, "batch channels"]:
        """Summarise the measured rows."""
        summary = self.layers(masked_mean(values, mask))
        return summary * mask.any(dim=1, keepdim=True).to(summary.dtype)
