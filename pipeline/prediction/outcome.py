"""What is said about a new clip: the prediction, what it rests on, and what was missing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pipeline.core.types import MODALITIES, Modality
from pipeline.extraction.tasks import Failure
from pipeline.features.features import Features
from pipeline.packs.build.new_clips import Fitted
from pipeline.prediction.clips import NewClip
from pipeline.prediction.recipe import Recipe

_UNSEEN = {"text": "it has no token", "audio": "no row was measured", "vision": "no face was seen"}


@dataclass(frozen=True)
class Use:
    """Whether a modality has a say in a prediction.

    Attributes:
        used: False where it is masked, or the model does not read it.
        why: why it is not used; empty where it is.
    """

    used: bool = True
    why: str = ""


@dataclass(frozen=True)
class Prediction:
    """What a run says about a clip.

    Attributes:
        video: the file, as it was given.
        sentiment: in the units of the label; None where there is no prediction.
        emotion: for a model that names emotions.
        generated: raw text of a generating model.
        text: the words that were used.
        text_from: where they come from.
        modalities: what the prediction rests on.
        notes: what a reader of the number should know.
        error: why there is no prediction.
        features: of the clip by extractor, with their column names; not part of the JSON.
    """

    video: str
    sentiment: float | None = None
    emotion: str | None = None
    generated: str | None = None
    text: str | None = None
    text_from: str = ""
    modalities: Mapping[Modality, Use] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str | None = None
    features: Mapping[str, tuple[Features, tuple[str, ...]]] = field(default_factory=dict, repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        values = asdict(replace(self, features={}))
        del values["features"]
        return {**values, "notes": list(self.notes)}


@dataclass(frozen=True)
class Extraction:
    """What became of some clips on their way to the model.

    Attributes:
        recipe: what they went through.
        model: name of the model, for messages.
        fitted: their arrays.
        failed: by extractor and clip id.
    """

    recipe: Recipe
    model: str
    fitted: Fitted
    failed: Mapping[str, Mapping[str, Failure]]

    def uses(self, index: int, clip: NewClip) -> dict[Modality, Use]:
        """Which modalities of a clip the model sees."""
        split = self.fitted.split
        seen = {"text": split.text_bert[index, 1], "audio": split.audio_mask[index], "vision": split.vision_mask[index]}
        return {name: self._use(name, clip, is_seen=bool(seen[name].any())) for name in MODALITIES}

    def notes(self, clip: NewClip) -> tuple[str, ...]:
        """What was cut, and whether the words fit the sound."""
        card, found = self.recipe.card, []
        for name in self.recipe.modalities:
            rows, room = self.fitted.rows[name].get(clip.clip_id, 0), card.lengths[name].padded - (name == "text")
            if rows > room:
                found.append(f"{name}: longer than the run's clips may be, {room} of {rows} rows are used")
        words = self.fitted.words.get(clip.clip_id)
        if words is not None and not words.agrees:
            found.append("the words do not seem to fit the sound")
        if words is not None and words.method == "proportional":
            found.append("no aligner could time the words, they are spread over the sound by length")
        return tuple(found)

    def _use(self, modality: Modality, clip: NewClip, *, is_seen: bool) -> Use:
        if modality not in self.recipe.modalities:
            return Use(used=False, why=f"{self.model} does not read it, or was trained without it")
        return Use() if is_seen else Use(used=False, why=self._why_not(modality, clip))

    def _why_not(self, modality: Modality, clip: NewClip) -> str:
        if not clip.text and modality == "text":
            return "no text was given"
        if not clip.text and self.recipe.words:
            return "the run's pack is aligned by words, and no text was given"
        words = [self.recipe.words] if self.recipe.words and modality != "text" else []
        for name in [self.recipe.card.extractors[modality], *words]:
            if clip.clip_id in self.failed.get(name, {}):
                return self.failed[name][clip.clip_id].reason
        return _UNSEEN[modality]
