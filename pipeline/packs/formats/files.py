"""Packs on disk: HDF5 (safe to exchange), MMSA's pickle, and the JSON card beside them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from pydantic import ValidationError

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError
from pipeline.core.hdf5 import open_hdf5
from pipeline.core.types import SPLITS, Split
from pipeline.core.untrusted import read_bounded
from pipeline.packs.formats import mmsa_pickle
from pipeline.packs.formats.contents import write_contents
from pipeline.packs.row_arrays import RowArray
from pipeline.packs.schema import LABEL_KEYS, Card, PackSplit, StreamedSplit

_ARRAYS = ("text", "text_bert", "audio", "vision", "audio_mask", "vision_mask")
_STRINGS = ("raw_text", "annotations")
_OPTIONAL = ("audio_lengths", "vision_lengths")
_LARGEST_CARD_BYTES = 256 << 20


def to_arrays(split: PackSplit) -> dict[str, np.ndarray]:
    """One split as MMSA's keys and arrays (ids under ``id``; masks are our addition, which MMSA ignores)."""
    return {name: np.asarray(array) for name, array in _keyed(split).items()}


def _keyed(split: PackSplit | StreamedSplit) -> dict[str, RowArray]:
    """The same; an array that is not in memory is not brought there."""
    arrays = {
        "id": np.asarray(split.ids, dtype=np.str_),
        **{name: np.asarray(getattr(split, name), dtype=np.str_) for name in _STRINGS},
        **{name: getattr(split, name) for name in _ARRAYS},
        **{name: getattr(split, name) for name in _OPTIONAL if getattr(split, name) is not None},
        **{LABEL_KEYS[which]: values for which, values in split.labels.items()},
        "classification_labels": (np.sign(split.labels["M"]) + 1).astype(np.float32),
    }
    # Views, since a pickle would store an array that stands under two keys once, as a reference.
    return {
        name: np.ascontiguousarray(array).view() if isinstance(array, np.ndarray) else array
        for name, array in sorted(arrays.items())
    }


def from_arrays(arrays: Mapping[str, np.ndarray]) -> PackSplit:
    """The inverse of `to_arrays`."""
    fields: dict[str, Any] = {name: [str(value) for value in arrays[name]] for name in _STRINGS}
    fields |= {name: arrays[name] for name in _ARRAYS}
    fields |= {name: arrays.get(name) for name in _OPTIONAL}
    labels = {which: arrays[key] for which, key in LABEL_KEYS.items() if key in arrays}
    return PackSplit(ids=[str(value) for value in arrays["id"]], labels=labels, **fields)


def write_pickle(path: Path, splits: Mapping[Split, PackSplit] | Mapping[Split, StreamedSplit]) -> None:
    """Write MMSA's pickle; equal input gives equal bytes."""
    mmsa_pickle.dump({name: _keyed(splits[name]) for name in SPLITS}, path)


def read_pickle(path: Path) -> dict[Split, dict[str, Any]]:
    """Read a pack's pickle without running any code from it.

    Raises:
        StoreError: the file is no pickle, asks for anything but NumPy arrays and plain values, or lacks a split.
    """
    content = mmsa_pickle.load(path)
    if not isinstance(content, dict) or not all(isinstance(content.get(name), dict) for name in SPLITS):
        raise StoreError(f"{path.name}: expected a dict with the keys {', '.join(SPLITS)}, each a dict of arrays")
    if odd := [key for name in SPLITS for key in content[name] if not isinstance(key, str)]:
        raise StoreError(f"{path.name}: {str(odd[0])[:60]!r} is a {type(odd[0]).__name__}; expected names of arrays")
    return {name: content[name] for name in SPLITS}


def write_h5(path: Path, splits: Mapping[Split, PackSplit] | Mapping[Split, StreamedSplit]) -> None:
    """Write the same arrays as the pickle, one group per split; equal input gives equal bytes."""
    write_contents(path, {name: _keyed(splits[name]) for name in SPLITS})


def read_split(path: Path, split: Split) -> PackSplit:
    """Read one split of a pack's HDF5; the other splits stay unread.

    Raises:
        StoreError: the file is no pack of ours, or lacks the split.
    """
    try:
        with open_hdf5(path) as file:
            arrays = {key: dataset[()] for key, dataset in file[split].items()}
        decoded = {key: np.char.decode(a, "utf-8") if a.dtype.kind == "S" else a for key, a in arrays.items()}
        return from_arrays(decoded)
    except (OSError, KeyError, AttributeError) as error:
        raise StoreError(f"{path}: split {split} cannot be read ({error}); make the pack anew") from error


@contextmanager
def opened_splits(path: Path) -> Iterator[dict[Split, StreamedSplit]]:
    """The splits of a pack's HDF5; the large arrays stay on disk and can be read while it is open.

    Raises:
        StoreError: the file is no pack of ours, or lacks a split.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_hdf5(path))
            splits = {split: _streamed(file[split]) for split in SPLITS}
        except (OSError, KeyError, AttributeError) as error:
            raise StoreError(f"{path}: cannot be read ({error}); make the pack anew") from error
        yield splits


def _streamed(group: h5py.Group) -> StreamedSplit:
    fields: dict[str, Any] = {name: np.char.decode(group[name][()], "utf-8").tolist() for name in _STRINGS}
    fields |= {name: group[name][()] if name in group else None for name in _OPTIONAL}
    fields |= {name: group[name] for name in _ARRAYS}
    labels = {which: group[key][()] for which, key in LABEL_KEYS.items() if key in group}
    return StreamedSplit(ids=np.char.decode(group["id"][()], "utf-8").tolist(), labels=labels, **fields)


def write_card(path: Path, card: Card) -> None:
    """Write the card as JSON with sorted keys."""
    with atomic_path(path) as part:
        part.write_text(json.dumps(card.model_dump(mode="json"), indent=1, sort_keys=True) + "\n")


def read_card(path: Path) -> Card:
    """Read the card of a pack.

    Raises:
        StoreError: the file is absent or no card.
    """
    try:
        return Card.model_validate_json(read_bounded(path, limit_bytes=_LARGEST_CARD_BYTES))
    except (OSError, ValidationError) as error:
        raise StoreError(f"{path}: no readable pack card ({error}); make the pack anew") from error
