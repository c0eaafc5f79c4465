"""The rows of a union: texts and gold labels on a common scale."""

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
#: Intensities of all datasets are scaled to this range, that of CMU-MOSI.
HIGHEST = 3.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """One row of one dataset.

    Attributes:
        dataset: its dataset.
        split: train, valid or test.
        clip_id: unique within the dataset.
        text: normalised for the encoder; blank if there is none.
        polarity: of the gold score, else of the gold emotion.
        tenths: gold intensity on the grid of one decimal, counted in tenths; None if there is none.
        score: gold intensity as given, scaled to [-3, 3].
        emotions: gold emotion by taxonomy.
        published_id: the row's name in the published label scripts; not unique.
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
        """Unique name of the row in the union."""
        return f"{self.dataset}/{self.split}/{self.clip_id}"

    @property
    def text_key(self) -> str:
        """Hash of the text."""
        return text_key(self.text)


@dataclass(frozen=True)
class UtteranceSource:
    """One dataset's index.

    Attributes:
        dataset: its name.
        labels: ``index/labels.jsonl``.
        texts: transcripts by clip id.
        highest: upper end of its label range.
        taxonomy: names of its emotions.
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
    """A text normalised for the encoder: white space collapsed, and lower case if it is all capitals (CMU-MOSI)."""
    text = " ".join(text.split())
    return text.lower() if text.isupper() else text


def text_key(text: str) -> str:
    """Hash of a text."""
    return digest(text)


def grid_tenths(score: float) -> int:
    """Round to tenths, halves away from zero; a score other than zero keeps its sign."""
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
    """Polarity of the score, else of the dataset's column, else of the emotion."""
    where = f"{source.dataset}: {row['clip_id']}"
    if emotion and source.taxonomy and emotion not in EMOTIONS[source.taxonomy]:
        known = ", ".join(EMOTIONS[source.taxonomy])
        raise RawDataError(f"{where}: emotion {emotion!r} is none of {source.taxonomy}'s ({known}); correct the table")
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
