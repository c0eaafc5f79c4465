"""A trained run that predicts new clips."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.core.errors import MediaError
from pipeline.core.types import MODALITIES
from pipeline.features.features import Features
from pipeline.media.probe import probe
from pipeline.packs.build.new_clips import NewClips, pack_new_clips
from pipeline.packs.build.streams import ExtractedClip
from pipeline.prediction.clips import NewClip
from pipeline.prediction.extractors import Extractors
from pipeline.prediction.inputs import collect
from pipeline.prediction.outcome import Extraction, Prediction
from pipeline.prediction.recipe import make_recipe, open_finished
from pipeline.training.predict import Predictions, predict_split


class TrainedRun:
    """Weights of a run and the extractors of its pack, loaded once. A context manager.

    Attributes:
        spec: model, dataset, pack, seed, settings.
        recipe: how a new clip is prepared.
    """

    def __init__(self, folder: Path, *, isolated: bool = False, threads: int = 1) -> None:
        """Load a run.

        Args:
            folder: the run's folder.
            isolated: run the extractors in their own processes, in parallel. The calling script needs a main guard.
            threads: CPU threads of the model.

        Raises:
            PipelineError: there is no finished run, its pack is unknown, or an extractor or the model has changed.
        """
        trained = open_finished(folder)
        self.spec, card = trained.spec, trained.card()
        # A run that was trained on a GPU predicts a few clips anywhere.
        self._model = trained.load_model(threads=threads, device="auto")
        packed, use = card.extractors or MODALITIES, self.spec.settings.training.use
        read = [name for name in MODALITIES if name in packed and name in use and name in self._model.modalities]
        self.recipe = make_recipe(card, tuple(read))
        self._extractors = Extractors(self.recipe, isolated=isolated)

    def __enter__(self) -> "TrainedRun":
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release the extractors."""
        self.close()

    def close(self) -> None:
        """Release the extractors."""
        self._extractors.close()

    def predict(
        self, *videos: Path | str, text: str | None = None, transcript: Path | str | None = None
    ) -> list[Prediction]:
        """Predict videos independently; a missing modality is masked and reported.

        Args:
            videos: files, or folders of them.
            text: transcript of the one video.
            transcript: file of words of the one video, or a table of several; without it and without ``text``, a file
                of the same name next to each video is used.

        Returns:
            One per video, in their order; with ``error`` if it could not be predicted.

        Raises:
            PipelineError: a file is absent, or words and videos do not match.
        """
        words = None if transcript is None else Path(transcript)
        return self.predict_clips(collect([Path(video) for video in videos], text=text, transcript=words))

    def predict_clips(self, clips: Sequence[NewClip]) -> list[Prediction]:
        """`predict` for clips with their words."""
        faults = {clip.clip_id: fault for clip in clips if (fault := _media_fault(clip))}
        predictions = self._predict_readable([clip for clip in clips if clip.clip_id not in faults])
        return [
            Prediction(clip.clip_id, error=faults[clip.clip_id])
            if clip.clip_id in faults
            else predictions[clip.clip_id]
            for clip in clips
        ]

    def _predict_readable(self, clips: Sequence[NewClip]) -> dict[str, Prediction]:
        if not clips:
            return {}
        features, failed = self._extractors.extract(clips)
        texts = {clip.clip_id: clip.text for clip in clips if clip.text}
        inputs = pack_new_clips(NewClips([clip.clip_id for clip in clips], texts, features), self.recipe.card)
        extraction = Extraction(self.recipe, self.spec.model, inputs, failed)
        outputs = predict_split(self._model, inputs.split, use=self.spec.settings.training.use)
        predictions = {}
        for index, clip in enumerate(clips):
            prediction = _prediction(clip, extraction, index, outputs)
            predictions[clip.clip_id] = replace(prediction, features=_features_of(clip, features))
        return predictions


def _features_of(
    clip: NewClip, features: Mapping[str, Sequence[ExtractedClip]]
) -> dict[str, tuple[Features, tuple[str, ...]]]:
    return {
        name: (values, header.feature_names)
        for name, rows in features.items()
        for clip_id, values, header in rows
        if clip_id == clip.clip_id
    }


def _prediction(clip: NewClip, extraction: Extraction, index: int, outputs: Predictions) -> Prediction:
    uses = extraction.uses(index, clip)
    prediction = Prediction(clip.clip_id, text=clip.text, text_from=clip.text_from, modalities=uses)
    if not any(use.used for use in uses.values()):
        reasons = "; ".join(f"{name}: {use.why}" for name, use in uses.items())
        return replace(prediction, error=f"every modality is missing ({reasons})")
    return replace(
        prediction,
        sentiment=float(outputs.sentiment[index]),
        emotion=outputs.categories[index] if outputs.categories else None,
        generated=outputs.generated[index] if outputs.generated else None,
        notes=extraction.notes(clip),
    )


def _media_fault(clip: NewClip) -> str | None:
    try:
        probe(clip.media)
    except MediaError as error:
        return str(error)
    return None
