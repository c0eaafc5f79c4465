"""The prediction of a new clip, the modalities it is based on, and what was missing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pipeline.core.types import MODALITIES, Modality
from pipeline.extraction.tasks import Failure
from pipeline.features.features import Features
from pipeline.packs.build.new_clips import PackedClips
from pipeline.prediction.clips import NewClip
from pipeline.prediction.recipe import Recipe

_EMPTY = {"text": "it has no token", "audio": "no row was measured", "vision": "no face was detected"}


@dataclass(frozen=True)
class ModalityUse:
    """Whether a prediction uses a modality.

    Attributes:
        used: False if it is masked or the model does not read it.
        why: the reason if it is not used.
    """

    used: bool = True
    why: str = ""


@dataclass(frozen=True)
class Prediction:
    """The prediction of a run for a clip.

    Attributes:
        video: the file as given.
        sentiment: in the units of the label; None without a prediction.
        emotion: of a model that predicts emotions.
        generated: raw text of a generating model.
        text: the words used.
        text_from: their source.
        modalities: which of them were used.
        notes: limits of the prediction, such as cut inputs.
        error: the reason if there is no prediction.
        features: of the clip by extractor, with their column names; not part of the JSON.
    """

    video: str
    sentiment: float | None = None
    emotion: str | None = None
    generated: str | None = None
    text: str | None = None
    text_from: str = ""
    modalities: Mapping[Modality, ModalityUse] = field(default_factory=dict)
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
    """Clips as input of a model.

    Attributes:
        recipe: how they were extracted.
        model: name of the model, for messages.
        inputs: their arrays.
        failed: failures by extractor and clip id.
    """

    recipe: Recipe
    model: str
    inputs: PackedClips
    failed: Mapping[str, Mapping[str, Failure]]

    def uses(self, index: int, clip: NewClip) -> dict[Modality, ModalityUse]:
        """Which modalities of a clip the model sees."""
        split = self.inputs.split
        seen = {"text": split.text_bert[index, 1], "audio": split.audio_mask[index], "vision": split.vision_mask[index]}
        return {name: self._use(name, clip, is_seen=bool(seen[name].any())) for name in MODALITIES}

    def notes(self, clip: NewClip) -> tuple[str, ...]:
        """Which inputs were cut, and whether the words match the sound."""
        card, notes = self.recipe.card, []
        for name in self.recipe.modalities:
            rows, room = self.inputs.rows[name].get(clip.clip_id, 0), card.lengths[name].padded - (name == "text")
            if rows > room:
                notes.append(f"{name}: longer than the run's longest clips; {room} of {rows} rows are used")
        words = self.inputs.words.get(clip.clip_id)
        if words is not None and not words.agrees:
            notes.append("the words do not seem to match the sound")
        if words is not None and words.method == "proportional":
            notes.append("no aligner could time the words; they are spread over the sound by their length")
        return tuple(notes)

    def _use(self, modality: Modality, clip: NewClip, *, is_seen: bool) -> ModalityUse:
        if modality not in self.recipe.modalities:
            return ModalityUse(used=False, why=f"{self.model} does not read it, or was trained without it")
        return ModalityUse() if is_seen else ModalityUse(used=False, why=self._why_not(modality, clip))

    def _why_not(self, modality: Modality, clip: NewClip) -> str:
        if not clip.text and modality == "text":
            return "no text was given"
        if not clip.text and self.recipe.words:
            return "the run's pack is aligned by words, and no text was given"
        words = [self.recipe.words] if self.recipe.words and modality != "text" else []
        for name in [self.recipe.card.extractors[modality], *words]:
            if clip.clip_id in self.failed.get(name, {}):
                return self.failed[name][clip.clip_id].reason
        return _EMPTY[modality]
