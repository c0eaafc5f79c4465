"""Statistics per clip from the feature stores: column means, measured rows, notes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core.types import MODALITIES, Modality
from pipeline.features.store import StoreReader
from pipeline.packs.formats.files import open_splits
from pipeline.packs.row_arrays import RowArray
from pipeline.packs.schema import PackCard, PackSplit
from pipeline.report.gather.sources import Dataset

#: Larger datasets are sampled, always with the same clips.
MAX_CLIPS = 2000
_BATCH = 64


@dataclass(frozen=True)
class Measures:
    """Statistics of one extractor, or of one modality of an imported pack.

    Attributes:
        name: the extractor, or ``pack: modality``.
        modality: text, audio, vision, or words for word timings.
        means: mean of each column over the measured rows, one row per clip.
        facts: per clip ``rows``, ``measured`` (share of the rows) and ``duration_s``.
        notes: of the extractor, one row per clip.
        num_clips: clips in the store; more than ``len(means)`` if they were sampled.
    """

    name: str
    modality: str
    means: pd.DataFrame
    facts: pd.DataFrame
    notes: pd.DataFrame
    num_clips: int


def measure(dataset: Dataset) -> list[Measures]:
    """Statistics of every extractor; without stores, of every modality of the first pack."""
    if dataset.extractors:
        return [_from_stores(name, modality_of(dataset, name), paths) for name, paths in dataset.extractors.items()]
    return [one for pack, card in list(dataset.cards.items())[:1] for one in _from_pack(dataset, pack, card)]


def modality_of(dataset: Dataset, extractor: str) -> str:
    """The modality of an extractor in the packs, or ``words``."""
    for card in dataset.cards.values():
        for modality, name in card.extractors.items():
            if name == extractor:
                return modality
    return "words" if extractor.startswith("words_") else "other"


def sampled(ids: list[str], limit: int = MAX_CLIPS) -> list[str]:
    """At most ``limit`` ids, chosen by their hashes, sorted."""
    if len(ids) <= limit:
        return sorted(ids)
    return sorted(sorted(ids, key=lambda clip_id: sha256(clip_id.encode()).digest())[:limit])


def _from_stores(extractor: str, modality: str, paths: list[Path]) -> Measures:
    ids = {clip_id: path for path in paths for clip_id in _ids(path)}
    chosen = set(sampled(list(ids)))
    rows: dict[str, dict[str, Any]] = {}
    notes: dict[str, dict[str, Any]] = {}
    means: dict[str, np.ndarray] = {}
    names: tuple[str, ...] = ()
    for path in paths:
        with StoreReader(path) as reader:
            names = reader.header.feature_names
            for clip_id in sorted(reader.ids() & chosen):
                features = reader.read(clip_id)
                means[clip_id] = _mean(features.values, features.mask)
                rows[clip_id] = _facts(features.mask, features.times)
                notes[clip_id] = dict(features.notes)
    return Measures(
        extractor,
        modality,
        pd.DataFrame.from_dict(means, orient="index", columns=list(names)).sort_index(),
        pd.DataFrame.from_dict(rows, orient="index").sort_index(),
        pd.DataFrame.from_dict(notes, orient="index").sort_index(),
        len(ids),
    )


def _ids(path: Path) -> set[str]:
    with StoreReader(path) as reader:
        return reader.ids()


def _mean(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return values[mask].mean(axis=0, dtype=np.float64) if mask.any() else np.full(values.shape[1], np.nan)


def _facts(mask: np.ndarray, times: np.ndarray | None) -> dict[str, float]:
    ends = times[:, 1][np.isfinite(times[:, 1])] if times is not None else np.zeros(0)
    end_s = float(ends.max()) if len(ends) else float("nan")
    return {"rows": float(len(mask)), "measured": float(mask.mean()), "duration_s": end_s}


def _from_pack(dataset: Dataset, pack: str, card: PackCard) -> Iterator[Measures]:
    with open_splits(dataset.paths.pack(pack, "h5")) as splits:
        for modality in MODALITIES:
            yield _packed(list(splits.values()), f"{pack}: {modality}", modality, card)


def _packed(splits: Sequence[PackSplit[RowArray]], name: str, modality: Modality, card: PackCard) -> Measures:
    means: dict[str, np.ndarray] = {}
    facts: dict[str, dict[str, float]] = {}
    ids = [clip_id for split in splits for clip_id in split.ids]
    chosen = set(sampled(ids))
    for split in splits:
        for first in range(0, len(split), _BATCH):
            batch = slice(first, first + _BATCH)
            if not chosen.intersection(split.ids[batch]):
                continue
            rows = getattr(split, modality)[batch]
            # The vectors of a text have no mask of their own: those of padding are 0.
            masks = (rows != 0).any(axis=2) if modality == "text" else getattr(split, f"{modality}_mask")[batch]
            for clip_id, values, mask in zip(split.ids[batch], rows, masks, strict=True):
                if clip_id in chosen:
                    means[clip_id] = _mean(values, mask)
                    facts[clip_id] = _facts(mask[: max(1, int(np.flatnonzero(mask).max(initial=0)) + 1)], None)
    names = card.feature_names.get(modality) or [f"{modality} {column}" for column in range(card.dims[modality])]
    return Measures(
        name,
        modality,
        pd.DataFrame.from_dict(means, orient="index", columns=names).sort_index(),
        pd.DataFrame.from_dict(facts, orient="index").sort_index(),
        pd.DataFrame(index=sorted(means)),
        len(ids),
    )
