"""A lower bound on the mutual information between modalities (MMIM's, repaired).

I(x; y) >= H(y) + E[log q(y | x)] (Barber and Agakov 2003), with a diagonal Gaussian q whose mean and variance are
networks of x, and H(y) the entropy of a Gaussian per polarity over a projection of y. Both terms are means per
dimension and without their constants, so that their weight does not depend on the width of a vector.
"""

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from models._base import ModelConfig
from models.layers.encoders import ModalityVectors

#: The log-variance is bounded by ± this; otherwise the loss would reward vectors that collapse to a point.
_LOG_VARIANCE_BOUND = 3.0
#: Added to the diagonal of covariances, which are singular for few clips.
_RIDGE = 1e-4


class InformationConfig(ModelConfig):
    """Settings of the bound. A ``weight`` of 0 switches it off, and the phase that fits it."""

    weight: float = Field(default=0.05, ge=0)
    """Share of the bound in the total loss (beta)."""
    vision_audio: bool = True
    """Bound the pair of vision and audio as well as those with text."""
    entropy: bool = True
    """Maximise the entropy of audio and vision too."""
    memory: int = Field(default=64, ge=1)
    """Earlier clips that the covariances take in, without gradient."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Of the networks that predict one modality from another."""
    decay: float = Field(default=1e-4, ge=0)
    """Their weight decay."""


class GaussianPredictor(nn.Module):
    """The log-likelihood of one vector under a diagonal Gaussian predicted from another."""

    def __init__(self, source: int, target: int) -> None:
        """Build the networks of the mean and of the log-variance."""
        super().__init__()
        self.mean, self.log_variance = (
            nn.Sequential(nn.Linear(source, target), nn.ReLU(), nn.Linear(target, target)) for _ in range(2)
        )

    def forward(
        self, source: Float[Tensor, "batch source"], target: Float[Tensor, "batch target"]
    ) -> Float[Tensor, "batch"]:
        """Mean over the dimensions of -(mu - y)^2 / (2 sigma^2) - log(sigma^2) / 2."""
        bound = _LOG_VARIANCE_BOUND
        log_variance = bound * torch.tanh(self.log_variance(source) / bound)
        error = (self.mean(source) - target).square()
        return (-0.5 * (error * torch.exp(-log_variance) + log_variance)).mean(dim=-1)


class PolarEntropy(nn.Module):
    """Entropy of a modality: the mean log-determinant of the covariances of positive and of negative clips.

    A buffer keeps clips of earlier batches, since a single batch has too few of a polarity.
    """

    memory_values: Tensor
    memory_labels: Tensor

    def __init__(self, width: int, *, memory: int) -> None:
        """Build the projection to a quarter of ``width``, and an empty memory (label 0 marks an empty slot)."""
        super().__init__()
        self.dims = max(1, width // 4)
        self.project = nn.Sequential(nn.Linear(width, self.dims), nn.Tanh())
        self.register_buffer("memory_values", torch.zeros(memory, self.dims))
        self.register_buffer("memory_labels", torch.zeros(memory))

    def forward(
        self,
        vectors: Float[Tensor, "batch width"],
        present: Bool[Tensor, "batch"],
        labels: Float[Tensor, "batch"],
    ) -> Float[Tensor, ""]:
        """Entropy per dimension; a polarity with too few clips for a covariance counts as zero."""
        with torch.autocast(vectors.device.type, enabled=False):
            values = torch.cat([self.project(vectors.float()), self.memory_values])
            signs = torch.cat([labels * present, self.memory_labels])
            sides = [self._log_determinant(values, side) for side in (signs > 0, signs < 0)]
        if self.training:
            self.memory_values.copy_(values[: len(self.memory_values)].detach())
            self.memory_labels.copy_(signs[: len(self.memory_labels)].detach())
        return (sides[0] + sides[1]) / (4 * self.dims)

    def _log_determinant(self, values: Tensor, chosen: Tensor) -> Tensor:
        count = chosen.sum()
        weights = chosen.to(values.dtype).unsqueeze(-1)
        centred = (values - (values * weights).sum(dim=0) / count.clamp_min(1)) * weights
        covariance = centred.T @ centred / (count - 1).clamp_min(1)
        identity = torch.eye(self.dims, device=values.device)
        # Too few clips: the determinant of the identity, which is zero and has no gradient.
        return torch.logdet(torch.where(count > self.dims, covariance + _RIDGE * identity, identity))


class InformationBound(nn.Module):
    """The bounds of text and vision, text and audio, and, if asked for, vision and audio."""

    def __init__(self, widths: tuple[int, int, int], config: InformationConfig) -> None:
        """Build the predictors and entropies for the widths of text, audio and vision."""
        super().__init__()
        pairs = [(0, 2), (0, 1), (2, 1)] if config.vision_audio else [(0, 2), (0, 1)]
        self.pairs = pairs
        self.predictors = nn.ModuleList(GaussianPredictor(widths[source], widths[target]) for source, target in pairs)
        self.entropies = nn.ModuleList(
            PolarEntropy(width, memory=config.memory) for width in widths[1:] if config.entropy
        )

    def log_likelihood(self, encoded: ModalityVectors) -> Float[Tensor, ""]:
        """Sum over the pairs of the mean log-likelihood of the clips that have both modalities."""
        total = encoded.text.new_zeros(())
        for (source, target), predictor in zip(self.pairs, self.predictors, strict=True):
            both = encoded.present[:, source] & encoded.present[:, target]
            values = predictor(encoded.vectors[source], encoded.vectors[target])
            total = total + (values * both).sum() / both.sum().clamp_min(1)
        return total

    def entropy(self, encoded: ModalityVectors, labels: Float[Tensor, "batch"]) -> Float[Tensor, ""]:
        """Sum of the entropies of audio and vision; zero where they are switched off."""
        total = encoded.text.new_zeros(())
        for index, layer in enumerate(self.entropies, start=1):
            total = total + layer(encoded.vectors[index], encoded.present[:, index], labels)
        return total
