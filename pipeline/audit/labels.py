"""Splits, labels and texts of a pack are those of the table; its pickle equals its HDF5."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audit.evidence import Fault, Packed
from pipeline.audit.table import RawRows
from pipeline.core.errors import StoreError
from pipeline.index.manifest import Clip
from pipeline.packs.formats import mmsa_pickle

_COLUMNS = {
    "regression_labels_T": "sentiment_text",
    "regression_labels_A": "sentiment_audio",
    "regression_labels_V": "sentiment_vision",
}
_SIGNS = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}


def check_labels(rows: RawRows, pack: Packed) -> Iterator[Fault]:
    """Compare every clip of the pack with its row of the table."""
    for split, arrays in pack.splits.items():
        for index, clip_id in enumerate(pack.ids(split)):
            clip = rows.clips.get(clip_id)
            if clip is None:
                continue  # `check_pack` reports it
            expected = {"split": clip.split, "raw_text": clip.text, **_labels(clip, arrays)}
            for name, value in expected.items():
                packed = split if name == "split" else _value(arrays[name][index])
                if packed != value:
                    yield Fault(f"{pack.name} {clip_id}", f"{name} is {packed!r}, by the table {value!r}")


def check_pickle(pack: Packed, path: Path) -> Iterator[Fault]:
    """Compare the pickle with the HDF5, array by array."""
    try:
        pickled = mmsa_pickle.load(path)
    except StoreError as error:
        yield Fault(f"{pack.name}.pkl", str(error))
        return
    for split, arrays in pack.splits.items():
        others = pickled.get(split) if isinstance(pickled, dict) else None
        if not isinstance(others, dict):
            yield Fault(f"{pack.name}.pkl", f"expected a dict of arrays for {split}")
            continue
        for key in sorted(arrays.keys() | others.keys()):
            if not _equal(arrays.get(key), others.get(key)):
                yield Fault(f"{pack.name}.pkl {split}.{key}", "differs from the HDF5")


def _labels(clip: Clip, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The labels that the pack should have, by the table."""
    sentiment = clip.sentiment
    if sentiment is None:
        sentiment = _SIGNS.get(clip.polarity or "", 0.0)
    labels: dict[str, Any] = {
        "regression_labels": float(np.float32(sentiment)),
        "classification_labels": float(np.sign(np.float32(sentiment)) + 1),
        "annotations": clip.annotation or clip.emotion or "",
    }
    for key, name in _COLUMNS.items():
        if key in arrays:
            labels[key] = float(np.float32(getattr(clip, name)))
    return labels


def _value(cell: Any) -> Any:
    return cell.decode() if isinstance(cell, bytes) else float(cell)


def _equal(one: Any, other: Any) -> bool:
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return False
    other = np.char.encode(other, "utf-8") if other.dtype.kind == "U" else other
    return np.array_equal(one, other)
