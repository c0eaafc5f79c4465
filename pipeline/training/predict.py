"""Predictions for a split, in its order, and their scores."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int

from models._base import SentimentModel
from pipeline.core.errors import ConfigError
from pipeline.core.types import FamilyName, Modality
from pipeline.packs.schema import PackSplit
from pipeline.training.batches import ClipTensors, prediction_order
from pipeline.training.metrics import Families, Scores, emotion_scores, sentiment_scores, union_scores

#: Batch sizes; clips are sorted by length. On a CPU larger batches only add padding; on a GPU memory for attention
#: limits them.
_CPU_CLIPS, _GPU_CLIPS = 16, 64


@dataclass(frozen=True)
class Predictions:
    """Outputs of a model for each clip of a split.

    Attributes:
        sentiment: in the units of the label.
        categories: emotion names; empty for models that predict none.
        generated: the raw text of a generating model; empty for all others.
    """

    sentiment: Float32[np.ndarray, "clips"]
    categories: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()


@torch.inference_mode()
def predict(model: SentimentModel, clips: ClipTensors) -> Predictions:
    """Predict every clip in evaluation mode and full precision; the model's mode is restored."""
    training = model.training
    model.eval()
    sentiment = np.zeros(len(clips), np.float32)
    categories: dict[int, str] = {}
    generated: dict[int, str] = {}
    at_once = _CPU_CLIPS if clips.device.type == "cpu" else _GPU_CLIPS
    for indices in prediction_order(clips.lengths, at_once):
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


def predict_split(model: SentimentModel, split: PackSplit, *, use: Collection[Modality]) -> Predictions:
    """`predict` for the clips of a split, of which the model may see some modalities."""
    return predict(model, ClipTensors(split, use=use, device=next(model.parameters()).device))


def score(families: Families, split: PackSplit, predictions: Predictions) -> Scores:
    """Score predictions against the labels of their split.

    Args:
        families: of the dataset, or of each dataset in a union, where clips are named ``<dataset>/<clip>``.
        split: with the labels.
        predictions: one per clip of the split.

    Raises:
        ConfigError: a dataset is scored by emotions, and the model predicts none.
    """
    everything = np.arange(len(split))
    if isinstance(families, str):
        return _score(families, split, predictions, everything)
    owners = np.array([clip_id.partition("/")[0] for clip_id in split.ids])
    fields = emotion_fields(families)
    scores = {
        name: _score(
            family, split, predictions, everything[owners == name], field=fields.get(name), scale=_scale(family)
        )
        for name, family in families.items()
    }
    return union_scores(families, scores)


def emotion_fields(families: Mapping[str, FamilyName]) -> dict[str, int]:
    """Index of each dataset's emotion in a union's annotations; empty if only one dataset has emotions."""
    names = [name for name, family in families.items() if family == "emotion"]
    return {name: field for field, name in enumerate(names)} if len(names) > 1 else {}


def _score(
    family: FamilyName,
    split: PackSplit,
    predictions: Predictions,
    clips: Int[np.ndarray, "some"],
    *,
    field: int | None = None,
    scale: float = 1.0,
) -> Scores:
    if family != "emotion":
        return sentiment_scores(family, split.labels["M"][clips] / scale, predictions.sentiment[clips] / scale)
    if len(predictions.categories) != len(split):
        raise ConfigError("the dataset's metrics are 'emotion', but this model predicts sentiment only; use unimse")
    return emotion_scores(
        [emotion_of(split.annotations[clip], field) for clip in clips],
        [emotion_of(predictions.categories[clip], field) for clip in clips],
    )


def _scale(family: FamilyName) -> float:
    """Labels of a union are in [-3, 3]; the metrics of CH-SIMS are defined for [-1, 1]."""
    return 3.0 if family == "sims" else 1.0


def emotion_of(annotation: str, field: int | None) -> str:
    """One emotion of a union's annotation; the whole annotation if ``field`` is None."""
    return annotation if field is None else annotation.split(", ")[field]
