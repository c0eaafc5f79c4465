"""A fine-tuned text encoder with a linear head: the baseline that a multimodal model has to beat."""

from typing import ClassVar, Literal

from torch import Tensor, nn
from torch.nn import functional

from models._base import Batch, FeatureSpec, Output, Phase, SentimentModel
from models.layers.encoders import TextConfig, TextVector, learning_groups

VERSION = 2


class Config(TextConfig):
    """Settings of the baseline."""

    text_summary: Literal["first", "mean"] = "mean"
    """The vector of a text: its first token ([CLS]), or the mean of its tokens."""


class TextOnly(SentimentModel):
    """The summary of a text's states, dropout, a linear layer."""

    modalities: ClassVar = ("text",)
    config: Config

    def __init__(self, config: Config, spec: FeatureSpec) -> None:
        """Build the layers for the widths of ``spec``."""
        super().__init__(config, spec)
        self.text = TextVector(config, spec)
        self.dropout = nn.Dropout(config.encoder_dropout)
        self.head = nn.Linear(self.text.width, 1)

    def forward(self, batch: Batch) -> Output:
        """Predict from the text; a clip without one gets the bias."""
        prediction = self.head(self.dropout(self.text(batch)))
        return Output(prediction.squeeze(-1).float())

    def losses(self, output: Output, batch: Batch, phase: str) -> dict[str, Tensor]:
        """Mean absolute error."""
        return {"loss": functional.l1_loss(output.prediction, batch.label)}

    def phases(self) -> list[Phase]:
        """One phase."""
        return [Phase("main", learning_groups(self, self.config))]


model = TextOnly
