"""The rows of a union: texts, gold labels, and what they are called in common."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from models.layers.universal_label import EMOTIONS, Polarity, polarity_of
from pipeline.config.unions import Taxonomy
from pipeline.core.errors import RawDataError
from pipeline.core.fingerprints import digest
from pipeline.index.manifest import read_jsonl

TAXONOMIES: tuple[Taxonomy, ...] = get_args(Taxonomy)
#: Intensities of all datasets are brought to this range, that of CMU-MOSI.
HIGHEST = 3.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """One row of one dataset.

    Attributes:
        dataset: its dataset.
        split: train, valid or test.
        clip_id: unique within the dataset.
        text: as it is compared; blank where there is none.
        polarity: of the gold score, else of the gold emotion.
        tenths: gold intensity on the grid of one decimal, counted in tenths; None where there is none.
        score: gold intensity as given, scaled to [-3, 3].
        emotions: gold emotion by taxonomy.
        published_id: how the published label scripts name the row, which is not unique.
    """

    dataset: str
    split: str
    clip_id: str
    text: str
    polarity: Polarity
    tenths: int | None
    score: float | None
    emotions: Mapping[str, str]
    published_id: str

    @property
    def key(self) -> str:
        """Names the row in the whole union."""
        return f"{self.dataset}/{self.split}/{self.clip_id}"

    @property
    def text_key(self) -> str:
        """Names the text's content."""
        return text_key(self.text)


@dataclass(frozen=True)
class UtteranceSource:
    """One dataset's index.

    Attributes:
        dataset: its name.
        labels: ``index/labels.jsonl``.
        texts: transcripts by clip id.
        highest: upper end of its label range.
        taxonomy: whose names of emotions it uses.
    """

    dataset: str
    labels: Path
    texts: Mapping[str, str]
    highest: float
    taxonomy: Taxonomy | None


def read_utterances(source: UtteranceSource) -> list[Utterance]:
    """A dataset's rows, sorted by split and id.

    Raises:
        StoreError: the index is damaged.
        RawDataError: an emotion is not one of the taxonomy's.
    """
    rows = [_utterance(row, source.texts.get(row["clip_id"], ""), source) for row in read_jsonl(source.labels)]
    return sorted(rows, key=lambda row: row.key)


def compared_text(text: str) -> str:
    """A text as encoders read it: blanks joined, and lower case where a transcript is all capitals (CMU-MOSI)."""
    text = " ".join(text.split())
    return text.lower() if text.isupper() else text


def text_key(text: str) -> str:
    """Names a text's content."""
    return digest(text)


def grid_tenths(score: float) -> int:
    """The nearest value of the grid in tenths, halves away from zero; a score that is not zero keeps its sign."""
    size = max(1, math.floor(abs(score) * 10 + 0.5 + 1e-9))
    return 0 if score == 0 else int(math.copysign(size, score))


def _utterance(row: Mapping[str, Any], text: str, source: UtteranceSource) -> Utterance:
    clip_id, sentiment = row["clip_id"], row["sentiment"]
    score = None if sentiment is None else sentiment * HIGHEST / source.highest
    emotion = row["emotion"] if source.taxonomy else None
    polarity = _polarity(row, score, emotion, source)
    emotions: dict[str, str] = {}
    if source.taxonomy and emotion and polarity in EMOTIONS[source.taxonomy][emotion]:
        emotions[source.taxonomy] = emotion
    return Utterance(
        dataset=source.dataset,
        split=row["split"],
        clip_id=clip_id,
        text=compared_text(text),
        polarity=polarity,
        tenths=None if score is None else grid_tenths(score),
        score=score,
        emotions=emotions,
        published_id=f"{row['dialogue'].partition('dia')[2]}_{row['turn']}" if source.taxonomy == "meld" else clip_id,
    )


def _polarity(row: Mapping[str, Any], score: float | None, emotion: str | None, source: UtteranceSource) -> Polarity:
    """Of the score if there is one, else as the dataset states it, else as the emotion implies it."""
    where = f"{source.dataset}: {row['clip_id']}"
    if emotion and source.taxonomy and emotion not in EMOTIONS[source.taxonomy]:
        known = ", ".join(EMOTIONS[source.taxonomy])
        raise RawDataError(f"{where}: emotion {emotion!r} is none of {source.taxonomy}'s ({known}); mend the table")
    if score is not None:
        return polarity_of(score)
    if emotion is None or source.taxonomy is None:
        raise RawDataError(f"{where}: no score, and no taxonomy for its emotions; set taxonomies: in the union's file")
    possible = EMOTIONS[source.taxonomy][emotion]
    stated = row["polarity"] or (possible[0] if len(possible) == 1 else None)
    polarity = next((name for name in possible if name == stated), None)
    if polarity is None:
        raise RawDataError(f"{where}: polarity {stated!r} does not go with {emotion}; expected {' or '.join(possible)}")
    return polarity
