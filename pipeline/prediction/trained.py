"""A trained run that predicts new clips."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.core.errors import MediaError
from pipeline.core.types import MODALITIES
from pipeline.features.features import Features
from pipeline.media.probe import probe
from pipeline.packs.build.new_clips import NewClips, fit_to_pack
from pipeline.packs.build.streams import Extracted
from pipeline.prediction.clips import NewClip
from pipeline.prediction.extractors import Extractors
from pipeline.prediction.inputs import collect
from pipeline.prediction.outcome import Extraction, Prediction
from pipeline.prediction.recipe import make_recipe, open_finished
from pipeline.training.predict import Predictions, predict_split


class TrainedRun:
    """Weights of a run and the extractors of its pack, loaded once. A context manager.

    Attributes:
        run: what the run is: model, dataset, pack, seed, range of the label.
        recipe: what a clip goes through.
    """

    def __init__(self, folder: Path, *, isolated: bool = False, threads: int = 1) -> None:
        """Load a run.

        Args:
            folder: the run's folder.
            isolated: extractors run in processes of their own, side by side. A script that asks for it needs a main
                guard.
            threads: CPU threads of the model.

        Raises:
            PipelineError: there is no finished run in the folder, or its pack cannot be told, or an extractor or the
                model is not what it was.
        """
        trained = open_finished(folder)
        self.run, card = trained.config, trained.card()
        # A run that was trained on a GPU predicts a few clips anywhere.
        self._model = trained.load_model(threads=threads, device="auto")
        packed, use = card.extractors or MODALITIES, self.run.settings.training.use
        read = [name for name in MODALITIES if name in packed and name in use and name in self._model.modalities]
        self.recipe = make_recipe(card, tuple(read))
        self._extractors = Extractors(self.recipe, isolated=isolated)

    def __enter__(self) -> "TrainedRun":
        """Begin."""
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
        """Predict videos, each on its own; what one lacks is masked and told.

        Args:
            videos: files, or folders of them.
            text: what is said in the one video.
            transcript: file of words of the one video, or a table of several; without it and without ``text``, a file
                of the same name beside each video is taken.

        Returns:
            One for each video, in their order; with ``error`` where one could not be predicted.

        Raises:
            PipelineError: there is no such file, or words and videos do not go together.
        """
        words = None if transcript is None else Path(transcript)
        return self.predict_clips(collect([Path(video) for video in videos], text=text, transcript=words))

    def predict_clips(self, clips: Sequence[NewClip]) -> list[Prediction]:
        """Predict clips whose words are known; as `predict` otherwise."""
        broken = {clip.clip_id: fault for clip in clips if (fault := _media_fault(clip))}
        done = self._predict_readable([clip for clip in clips if clip.clip_id not in broken])
        return [
            Prediction(clip.clip_id, error=broken[clip.clip_id]) if clip.clip_id in broken else done[clip.clip_id]
            for clip in clips
        ]

    def _predict_readable(self, clips: Sequence[NewClip]) -> dict[str, Prediction]:
        if not clips:
            return {}
        features, failed = self._extractors.extract(clips)
        texts = {clip.clip_id: clip.text for clip in clips if clip.text}
        fitted = fit_to_pack(NewClips([clip.clip_id for clip in clips], texts, features), self.recipe.card)
        extraction = Extraction(self.recipe, self.run.model, fitted, failed)
        outputs = predict_split(self._model, fitted.split, use=self.run.settings.training.use)
        predictions = {}
        for index, clip in enumerate(clips):
            prediction = _prediction(clip, extraction, index, outputs)
            predictions[clip.clip_id] = replace(prediction, features=_features_of(clip, features))
        return predictions


def _features_of(
    clip: NewClip, features: Mapping[str, Sequence[Extracted]]
) -> dict[str, tuple[Features, tuple[str, ...]]]:
    return {
        name: (values, header.feature_names)
        for name, rows in features.items()
        for clip_id, values, header in rows
        if clip_id == clip.clip_id
    }


def _prediction(clip: NewClip, extraction: Extraction, index: int, outputs: Predictions) -> Prediction:
    uses = extraction.uses(index, clip)
    about = Prediction(clip.clip_id, text=clip.text, text_from=clip.text_from, modalities=uses)
    if not any(use.used for use in uses.values()):
        reasons = "; ".join(f"{name}: {use.why}" for name, use in uses.items())
        return replace(about, error=f"nothing is left to predict from ({reasons})")
    return replace(
        about,
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
