"""The card of a predicted clip: as `show` makes it, with the run's prediction and its input."""

from pathlib import Path

import pandas as pd

from pipeline.core.types import MODALITIES
from pipeline.prediction.outcome import Prediction
from pipeline.prediction.recipe import Recipe
from pipeline.report.gather.clips import ClipCard, ClipFeatures, fill_card
from pipeline.training.run_spec import RunSpec


def card_of(prediction: Prediction, run: RunSpec, recipe: Recipe) -> ClipCard:
    """Collect the card of a predicted clip; the media are read again for pictures and sound.

    Args:
        prediction: with its features.
        run: the run that predicted.
        recipe: names the extractor of each modality.
    """
    roles = {str(name): extractor for name, extractor in recipe.card.extractors.items()}
    roles["words"] = recipe.words or ""
    features = {
        role: ClipFeatures(extractor, *prediction.features[extractor])
        for role, extractor in roles.items()
        if extractor in prediction.features
    }
    card = ClipCard(
        dataset=f"a new clip, by {run.model} of {run.dataset}",
        clip_id=prediction.video,
        row={"media": str(Path(prediction.video).absolute()), "text": prediction.text},
        predictions=_prediction_row(prediction, run),
        notes=_notes(prediction),
    )
    return fill_card(card, Path(), features)


def _prediction_row(prediction: Prediction, run: RunSpec) -> pd.DataFrame:
    value = prediction.emotion or prediction.sentiment
    if value is None:
        return pd.DataFrame()
    return pd.DataFrame([{"model": run.model, "prediction": value, "sd": float("nan"), "pack": run.pack}])


def _notes(prediction: Prediction) -> tuple[str, ...]:
    if prediction.error:
        return (f"not predicted: {prediction.error}",)
    masked = [
        f"{name} is masked: {prediction.modalities[name].why}"
        for name in MODALITIES
        if not prediction.modalities[name].used
    ]
    return (*masked, *prediction.notes)
