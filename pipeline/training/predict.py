"""Predictions for a whole split, in its order, and their scores."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32

from models._base import SentimentModel
from pipeline.errors import ConfigError
from pipeline.pack.schema import PackSplit
from pipeline.training.batches import Clips, prediction_order
from pipeline.training.metrics import Family, Scores, emotion_scores, sentiment_scores

#: Attention matrices grow with the batch; more clips at once gain nothing.
_BATCH_SIZE = 64


@dataclass(frozen=True)
class Predictions:
    """What a model says about each clip of a split.

    Attributes:
        sentiment: in the units of the label.
        categories: emotion names; empty for models that predict none.
        generated: the raw text of a generating model; empty for all others.
    """

    sentiment: Float32[np.ndarray, "clips"]
    categories: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()


@torch.inference_mode()
def predict(model: SentimentModel, clips: Clips) -> Predictions:
    """Predict every clip in evaluation mode and full precision; the model's mode is restored."""
    training = model.training
    model.eval()
    sentiment = np.zeros(len(clips), np.float32)
    categories: dict[int, str] = {}
    generated: dict[int, str] = {}
    for indices in prediction_order(clips.lengths, _BATCH_SIZE):
        output = model(clips.take(indices))
        sentiment[indices] = output.prediction.float().cpu().numpy()
        categories.update(zip(indices.tolist(), output.categories, strict=False))
        generated.update(zip(indices.tolist(), output.generated, strict=False))
    model.train(training)
    return Predictions(
        sentiment,
        categories=tuple(categories[index] for index in sorted(categories)),
        generated=tuple(generated[index] for index in sorted(generated)),
    )


def score(family: Family, split: PackSplit, predictions: Predictions) -> Scores:
    """Score predictions against the labels of their split.

    Raises:
        ConfigError: the dataset asks for emotions, and the model predicts none.
    """
    if family != "emotion":
        return sentiment_scores(family, split.labels["M"], predictions.sentiment)
    if len(predictions.categories) != len(split):
        raise ConfigError("the dataset's metrics are 'emotion', but this model predicts sentiment only; use 'mosi'")
    return emotion_scores(split.annotations, predictions.categories)
