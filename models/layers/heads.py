"""From a fused vector to a number."""

from jaxtyping import Float
from torch import Tensor, nn


class RegressionHead(nn.Module):
    """Dropout, two tanh layers and a linear output (MMIM's SubNet)."""

    def __init__(self, features: int, hidden: int, *, dropout: float) -> None:
        """Build the head for vectors of ``features`` columns."""
        super().__init__()
        self.hidden = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(features, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh()
        )
        self.output = nn.Linear(hidden, 1)

    def forward(
        self, values: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch hidden"], Float[Tensor, "batch"]]:
        """The last hidden vector, and the prediction."""
        hidden = self.hidden(values)
        return hidden, self.output(hidden).squeeze(-1)
