"""Packs of several datasets joined under universal labels, for the joint training of UniMSE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Int64

from models.layers.universal_label import UniversalLabel
from pipeline.core.errors import StoreError
from pipeline.core.types import SPLITS, STREAMS, Modality, Split
from pipeline.packs.row_arrays import RowArray, joined, zeros
from pipeline.packs.schema import Dropped, PackCard, PackSplit

#: Universal labels by dataset, split and clip.
Labels = Mapping[tuple[str, str, str], UniversalLabel]
#: Intensities of all datasets are scaled to the range of CMU-MOSI.
UNIVERSAL_RANGE = (-3.0, 3.0)
_FIELD_NAMES = {"tenths": "intensity", "meld": "emotion of MELD", "iemocap": "emotion of IEMOCAP"}
_LISTS = ("ids", "raw_text", "annotations")
_LENGTHS = ("audio_lengths", "vision_lengths")
_ARRAYS = ("text", "text_bert", "audio_mask", "vision_mask")


@dataclass(frozen=True)
class Member:
    """One dataset of a union.

    Attributes:
        splits: its pack.
        card: of its pack.
        taxonomy: whose names of emotions it uses; None for a dataset of sentiment.
    """

    splits: Mapping[Split, PackSplit[RowArray]]
    card: PackCard
    taxonomy: str | None


@dataclass(frozen=True)
class _MemberSplit:
    """The contribution of one dataset to a split of the union: its arrays, and the rows chosen from them."""

    split: PackSplit[RowArray]
    chosen: Int64[np.ndarray, "_"]


def unite(
    members: Mapping[str, Member], labels: Labels, described: Mapping[str, Any]
) -> tuple[dict[Split, PackSplit[RowArray]], PackCard]:
    """Concatenate packs; their large arrays are read as the union's are written.

    Clips are named ``<dataset>/<clip>``. The label M is the dataset's own score, scaled to [-3, 3], or the borrowed
    one; the annotation contains an emotion in the words of each dataset of emotions. A train clip that lacks one of
    them is left out, with its reason; valid and test clips stay and are scored by their own labels.

    Args:
        members: the datasets in the union's order.
        labels: universal labels of all their clips.
        described: facts for the card that are not in the members' cards.

    Raises:
        StoreError: the packs have different tokenizers or extractors, or a clip has no universal label.
    """
    _check(members)
    taxonomies = tuple(member.taxonomy for member in members.values() if member.taxonomy)
    widths = {name: _width(members, name) for name in STREAMS}
    splits: dict[Split, PackSplit[RowArray]] = {}
    dropped: list[Dropped] = []
    for split in SPLITS:
        parts = []
        for name, member in members.items():
            part, missing = _labelled((name, split), member, labels, taxonomies)
            parts.append(part)
            dropped += missing
        splits[split] = _joined(parts, widths)
    return splits, _card(members, splits, widths, dropped, described)


def _check(members: Mapping[str, Member]) -> None:
    for what in ("text_weights", "aligned"):
        values = {name: getattr(member.card, what) for name, member in members.items()}
        if len(set(values.values())) > 1:
            differing = ", ".join(f"{name} {value}" for name, value in values.items())
            raise StoreError(f"packs of a union differ in {what} ({differing}); use the same value in config/packs")
    for stream in STREAMS:
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
) -> tuple[_MemberSplit, list[Dropped]]:
    """A split under its universal labels, and the train clips that lack a field."""
    dataset, split = key
    part = member.splits[split]
    clip_labels = [_label(labels, dataset, split, clip_id) for clip_id in part.ids]
    lacking = [
        [field for field in ("tenths", *taxonomies) if getattr(label, field) is None] if split == "train" else []
        for label in clip_labels
    ]
    chosen = np.flatnonzero([not fields for fields in lacking])
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
        labels={"M": _sentiment(part, member, clip_labels)},
        annotations=[", ".join(getattr(label, name) or "unknown" for name in taxonomies) for label in clip_labels],
    )
    return _MemberSplit(named, chosen), dropped


def _label(labels: Labels, dataset: str, split: Split, clip_id: str) -> UniversalLabel:
    if (label := labels.get((dataset, split, clip_id))) is None:
        raise StoreError(f"{dataset}/{split}/{clip_id} has no universal label; run snakemake labels again")
    return label


def _sentiment(part: PackSplit[RowArray], member: Member, labels: Sequence[UniversalLabel]) -> np.ndarray:
    """Gold scores unrounded, since universal labels are in tenths; else borrowed ones, or the sign of the polarity."""
    if member.taxonomy is None:
        return (part.labels["M"] * (UNIVERSAL_RANGE[1] / member.card.label_range[1])).astype(np.float32)
    signs = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
    values = [signs[label.polarity] if label.tenths is None else label.tenths / 10 for label in labels]
    return np.array(values, np.float32)


def _joined(parts: Sequence[_MemberSplit], widths: Mapping[Modality, int]) -> PackSplit[RowArray]:
    """Clips of all parts, each axis of rows padded to the longest."""
    chosen = [part.chosen for part in parts]
    values = [vars(part.split) for part in parts]
    fields: dict[str, Any] = {name: joined([part[name] for part in values], chosen) for name in _ARRAYS}
    for stream, width in widths.items():
        fields[stream] = joined([_widened(part[stream], width) for part in values], chosen)
    for name in _LENGTHS:
        fields[name] = _picked([part[name] for part in values], chosen)
    for name in _LISTS:
        fields[name] = [part[name][row] for part, rows in zip(values, chosen, strict=True) for row in rows]
    return PackSplit(**fields, labels={"M": _picked([part["labels"]["M"] for part in values], chosen)})


def _widened(array: RowArray, width: int) -> RowArray:
    """A modality that the dataset lacks, with the width of the other datasets; its rows are masked zeros."""
    return array if array.shape[2] == width else zeros((*array.shape[:2], width), array.dtype)


def _picked(arrays: Sequence[np.ndarray | None], chosen: Sequence[np.ndarray]) -> Any:
    """One number per clip; None in aligned packs, which have none."""
    picked = [array[rows] for array, rows in zip(arrays, chosen, strict=True) if array is not None]
    return np.concatenate(picked) if picked else None


def _card(
    members: Mapping[str, Member],
    splits: Mapping[Split, PackSplit[RowArray]],
    widths: Mapping[Modality, int],
    dropped: Sequence[Dropped],
    described: Mapping[str, Any],
) -> PackCard:
    cards = {name: member.card for name, member in members.items()}
    first = next(iter(cards.values()))
    names = {
        stream: next((card.feature_names[stream] for card in cards.values() if stream in card.extractors), ["absent"])
        for stream in STREAMS
    }
    return PackCard(
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


def _dropped_before(cards: Mapping[str, PackCard]) -> list[Dropped]:
    """The clips that the datasets' own packs left out."""
    return [
        row.model_copy(update={"clip_id": f"{name}/{row.clip_id}"})
        for name, card in cards.items()
        for row in card.dropped
    ]
