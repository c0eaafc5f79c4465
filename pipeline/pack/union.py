"""Packs of several datasets as one, with universal labels: what UniMSE trains on jointly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from models.layers.universal_label import UniversalLabel
from pipeline.errors import StoreError
from pipeline.pack.schema import Card, Dropped, PackSplit
from pipeline.types import SPLITS, Modality, Split

#: Universal labels by dataset, split and clip.
Labels = Mapping[tuple[str, str, str], UniversalLabel]
#: Intensities of all datasets are brought to the range of CMU-MOSI.
UNIVERSAL_RANGE = (-3.0, 3.0)
_STREAMS: tuple[Modality, ...] = ("audio", "vision")
_FIELD_NAMES = {"tenths": "intensity", "meld": "emotion of MELD", "iemocap": "emotion of IEMOCAP"}
_LISTS = ("ids", "raw_text", "annotations")


@dataclass(frozen=True)
class Member:
    """One dataset of a union.

    Attributes:
        splits: its pack.
        card: of its pack.
        taxonomy: whose names of emotions it uses; None for a dataset of sentiment.
    """

    splits: Mapping[Split, PackSplit]
    card: Card
    taxonomy: str | None


def unite(
    members: Mapping[str, Member], labels: Labels, described: Mapping[str, Any]
) -> tuple[dict[Split, PackSplit], Card]:
    """Put packs behind each other.

    Clips are named ``<dataset>/<clip>``. The label M is the dataset's own score, brought to [-3, 3], or the borrowed
    one; the annotation holds an emotion in the words of each dataset of emotions. A train clip that lacks one of them
    cannot teach a whole label and is left out, with its reason; valid and test clips stay and are scored by their own.

    Args:
        members: the datasets in the union's order.
        labels: universal labels of all their clips.
        described: facts for the card that only the caller knows.

    Raises:
        StoreError: the packs were made with different tokenizers or extractors, or a clip has no universal label.
    """
    _check(members)
    taxonomies = tuple(member.taxonomy for member in members.values() if member.taxonomy)
    widths = {name: _width(members, name) for name in _STREAMS}
    splits: dict[Split, PackSplit] = {}
    dropped: list[Dropped] = []
    for split in SPLITS:
        parts = []
        for name, member in members.items():
            part, missing = _labelled((name, split), member, labels, taxonomies)
            parts.append(_widened(part, widths))
            dropped += missing
        splits[split] = _joined(parts)
    return splits, _card(members, splits, widths, dropped, described)


def _check(members: Mapping[str, Member]) -> None:
    for what in ("text_weights", "aligned"):
        found = {name: getattr(member.card, what) for name, member in members.items()}
        if len(set(found.values())) > 1:
            told = ", ".join(f"{name} {value}" for name, value in found.items())
            raise StoreError(f"packs of a union differ in {what} ({told}); make them alike in config/packs")
    for stream in _STREAMS:
        names = {
            name: tuple(member.card.feature_names[stream]) for name, member in members.items() if _has(member, stream)
        }
        if len(set(names.values())) > 1:
            raise StoreError(f"packs of a union differ in their {stream} features ({', '.join(names)}); use one pack")


def _has(member: Member, stream: Modality) -> bool:
    return stream in member.card.extractors


def _width(members: Mapping[str, Member], stream: Modality) -> int:
    return max((member.card.dims[stream] for member in members.values() if _has(member, stream)), default=1)


def _labelled(
    key: tuple[str, Split], member: Member, labels: Labels, taxonomies: Sequence[str]
) -> tuple[PackSplit, list[Dropped]]:
    """A split under its universal labels, and the train clips that lack a field."""
    dataset, split = key
    part = member.splits[split]
    found = [_label(labels, dataset, split, clip_id) for clip_id in part.ids]
    lacking = [
        [field for field in ("tenths", *taxonomies) if getattr(label, field) is None] if split == "train" else []
        for label in found
    ]
    keep = np.array([not fields for fields in lacking], bool)
    dropped = [
        Dropped(
            clip_id=f"{dataset}/{clip_id}",
            split=split,
            modality="text",
            stage="labels",
            reason=f"no {' and no '.join(_FIELD_NAMES[field] for field in fields)} could be borrowed",
        )
        for clip_id, fields in zip(part.ids, lacking, strict=True)
        if fields
    ]
    named = replace(
        part,
        ids=[f"{dataset}/{clip_id}" for clip_id in part.ids],
        labels={"M": _sentiment(part, member, found)},
        annotations=[", ".join(getattr(label, name) or "unknown" for name in taxonomies) for label in found],
    )
    return _chosen(named, keep), dropped


def _label(labels: Labels, dataset: str, split: Split, clip_id: str) -> UniversalLabel:
    if (label := labels.get((dataset, split, clip_id))) is None:
        raise StoreError(f"{dataset}/{split}/{clip_id} has no universal label; run snakemake labels again")
    return label


def _sentiment(part: PackSplit, member: Member, labels: Sequence[UniversalLabel]) -> np.ndarray:
    """Gold scores as they are, since the grid of labels is coarser; borrowed ones, or the sign of the polarity."""
    if member.taxonomy is None:
        return (part.labels["M"] * (UNIVERSAL_RANGE[1] / member.card.label_range[1])).astype(np.float32)
    signs = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
    values = [signs[label.polarity] if label.tenths is None else label.tenths / 10 for label in labels]
    return np.array(values, np.float32)


def _chosen(part: PackSplit, keep: np.ndarray) -> PackSplit:
    def pick(value: Any) -> Any:
        if isinstance(value, list):
            return [item for item, kept in zip(value, keep, strict=True) if kept]
        return None if value is None else value[keep]

    arrays = {name: pick(value) for name, value in vars(part).items() if name != "labels"}
    return PackSplit(**arrays, labels={name: values[keep] for name, values in part.labels.items()})


def _widened(part: PackSplit, widths: Mapping[Modality, int]) -> PackSplit:
    """Give a modality that the dataset lacks the width that it has elsewhere; its rows are masked zeros."""
    wide: dict[str, Any] = {
        name: np.zeros((*getattr(part, name).shape[:2], width), np.float32)
        for name, width in widths.items()
        if getattr(part, name).shape[2] != width
    }
    return replace(part, **wide)


def _joined(parts: Sequence[PackSplit]) -> PackSplit:
    """Clips of all parts, each axis of rows padded to the longest."""
    values = [vars(part) for part in parts]
    joined: dict[str, Any] = {name: list(chain(*(part[name] for part in values))) for name in _LISTS}
    for name, axis in (("text", 1), ("text_bert", 2), *((f"{s}{m}", 1) for s in _STREAMS for m in ("", "_mask"))):
        joined[name] = np.concatenate(_padded([part[name] for part in values], axis))
    for name in ("audio_lengths", "vision_lengths"):
        joined[name] = None if values[0][name] is None else np.concatenate([part[name] for part in values])
    return PackSplit(**joined, labels={"M": np.concatenate([part["labels"]["M"] for part in values])})


def _padded(arrays: Sequence[np.ndarray], axis: int) -> list[np.ndarray]:
    longest = max(array.shape[axis] for array in arrays)
    return [
        np.pad(array, [(0, longest - array.shape[axis] if i == axis else 0) for i in range(array.ndim)])
        for array in arrays
    ]


def _card(
    members: Mapping[str, Member],
    splits: Mapping[Split, PackSplit],
    widths: Mapping[Modality, int],
    dropped: Sequence[Dropped],
    described: Mapping[str, Any],
) -> Card:
    cards = {name: member.card for name, member in members.items()}
    first = next(iter(cards.values()))
    names = {
        stream: next((card.feature_names[stream] for card in cards.values() if stream in card.extractors), ["absent"])
        for stream in _STREAMS
    }
    return Card(
        **described,
        aligned=first.aligned,
        num_clips={split: len(part) for split, part in splits.items()},
        dims={"text": first.dims["text"], **widths},
        extractors={key: value for card in cards.values() for key, value in card.extractors.items()},
        feature_names=names,
        text_weights=first.text_weights,
        label_range=UNIVERSAL_RANGE,
        members={name: card.metrics for name, card in cards.items()},
        language=first.language,
        dropped=[*_dropped_before(cards), *dropped],
    )


def _dropped_before(cards: Mapping[str, Card]) -> list[Dropped]:
    """What the datasets' own packs left out."""
    return [
        row.model_copy(update={"clip_id": f"{name}/{row.clip_id}"})
        for name, card in cards.items()
        for row in card.dropped
    ]
