"""A transformer encoder over audio or vision rows."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from models.layers.masks import non_empty_mask
from models.layers.positions import sinusoidal_positions


class SequenceEncoder(nn.Module):
    """Positions, then a post-norm transformer encoder that attends to measured rows only.

    The model width is the feature width. If the number of heads does not divide it, a linear layer first projects to
    the next width that it divides.
    """

    def __init__(self, features: int, *, heads: int, layers: int, feedforward_dim: int, dropout: float) -> None:
        """Build the layers for rows of ``features`` columns."""
        super().__init__()
        self.width = -(-features // heads) * heads
        self.project = nn.Identity() if self.width == features else nn.Linear(features, self.width)
        layer = nn.TransformerEncoderLayer(
            self.width, heads, dim_feedforward=feedforward_dim, dropout=dropout, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self._restart_layers()

    def forward(
        self, values: Float[Tensor, "batch steps features"], mask: Bool[Tensor, "batch steps"]
    ) -> Float[Tensor, "batch steps width"]:
        """Encode; rows outside the mask are meaningless."""
        hidden = self.project(values)
        hidden = hidden + sinusoidal_positions(hidden.shape[1], self.width, device=hidden.device)
        return self.encoder(hidden, src_key_padding_mask=~non_empty_mask(mask))

    def _restart_layers(self) -> None:
        # nn.TransformerEncoder copies one layer, so all layers would have the same initial weights.
        for parameter in self.encoder.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
