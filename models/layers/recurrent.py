"""An LSTM over audio or vision rows."""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from models.layers.masks import last_valid, masked_mean


class RecurrentEncoder(nn.Module):
    """One vector per clip: an LSTM over its measured rows, their summary, a linear layer.

    Rows outside the mask are skipped, so that gaps (frames without a face) do not affect the state. A clip without any
    measured row gives zeros.
    """

    def __init__(self, features: int, *, hidden: int, width: int, summary: Literal["last", "mean"]) -> None:
        """Build the layers: ``hidden`` wide inside, ``width`` outside."""
        super().__init__()
        self.width = width
        self.summary = summary
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.project = nn.Linear(hidden, width)

    def forward(
        self, values: Float[Tensor, "batch steps features"], mask: Bool[Tensor, "batch steps"]
    ) -> Float[Tensor, "batch width"]:
        """Encode the measured rows."""
        values, closed_up = measured_first(values, mask)
        # The LSTM is unidirectional, so rows after the last measured one cannot affect a state that is used.
        # Single precision: half precision accumulates errors over the steps, and CPUs have no kernel for it.
        with torch.autocast(values.device.type, enabled=False):
            states, _ = self.lstm(values.float())
        summary = last_valid(states, closed_up) if self.summary == "last" else masked_mean(states, closed_up)
        return self.project(summary) * mask.any(dim=1, keepdim=True).to(summary.dtype)


def measured_first(
    values: Float[Tensor, "batch steps features"], mask: Bool[Tensor, "batch steps"]
) -> tuple[Float[Tensor, "batch steps features"], Bool[Tensor, "batch steps"]]:
    """Close the gaps: measured rows first, in their order, the others after them; and the mask so ordered."""
    order = torch.argsort((~mask).to(torch.uint8), dim=1, stable=True)
    return values.take_along_dim(order.unsqueeze(-1), dim=1), mask.take_along_dim(order, dim=1)
