"""Fixed sinusoidal positions."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def sinusoidal_positions(steps: int, width: int, *, device: torch.device) -> Float[Tensor, "steps width"]:
    """Sines in the even columns, cosines in the odd ones (Vaswani et al. 2017, section 3.5); any width."""
    pairs = (width + 1) // 2
    frequencies = torch.exp(torch.arange(pairs, device=device) * (-2.0 * math.log(10_000.0) / width))
    angles = torch.arange(steps, device=device).unsqueeze(1) * frequencies
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :width]
