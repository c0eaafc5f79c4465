"""Packs on disk: HDF5 (safe to exchange), MMSA's pickle, and the JSON card next to them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

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
from pipeline.packs.schema import ARRAYS, LABEL_KEYS, ArrayT_co, PackCard, PackSplit

_STRINGS = ("raw_text", "annotations")
_OPTIONAL = ("audio_lengths", "vision_lengths")
_LARGEST_CARD_BYTES = 256 << 20


def to_arrays(split: PackSplit[ArrayT_co]) -> dict[str, ArrayT_co | np.ndarray]:
    """One split under MMSA's keys (ids under ``id``; the masks are Triptych's, MMSA ignores them); copies nothing."""
    arrays = {
        "id": np.asarray(split.ids, dtype=np.str_),
        **{name: np.asarray(getattr(split, name), dtype=np.str_) for name in _STRINGS},
        **{name: getattr(split, name) for name in ARRAYS},
        **{name: getattr(split, name) for name in _OPTIONAL if getattr(split, name) is not None},
        **{LABEL_KEYS[which]: values for which, values in split.labels.items()},
        "classification_labels": (np.sign(split.labels["M"]) + 1).astype(np.float32),
    }
    # Views, since a pickle would store an array that is under two keys once, as a reference.
    return {
        name: np.ascontiguousarray(array).view() if isinstance(array, np.ndarray) else array
        for name, array in sorted(arrays.items())
    }


def from_arrays(arrays: Mapping[str, Any]) -> PackSplit[RowArray]:
    """The inverse of `to_arrays`, for arrays in memory or an HDF5 group, whose large arrays stay on disk."""
    fields: dict[str, Any] = {name: _decoded(arrays[name][()]) for name in _STRINGS}
    fields |= {name: arrays[name][()] if name in arrays else None for name in _OPTIONAL}
    fields |= {name: arrays[name] for name in ARRAYS}
    labels = {which: arrays[key][()] for which, key in LABEL_KEYS.items() if key in arrays}
    return PackSplit(ids=_decoded(arrays["id"][()]), labels=labels, **fields)


def _decoded(strings: np.ndarray) -> list[str]:
    decoded = np.char.decode(strings, "utf-8") if strings.dtype.kind == "S" else strings
    return [str(value) for value in decoded]


def write_pickle(path: Path, splits: Mapping[Split, PackSplit[RowArray]]) -> None:
    """Write MMSA's pickle; equal input gives equal bytes."""
    mmsa_pickle.dump({name: to_arrays(splits[name]) for name in SPLITS}, path)


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


def write_h5(path: Path, splits: Mapping[Split, PackSplit[RowArray]]) -> None:
    """Write the same arrays as the pickle, one group per split; equal input gives equal bytes."""
    write_contents(path, {name: to_arrays(splits[name]) for name in SPLITS})


def read_split(path: Path, split: Split) -> PackSplit:
    """Read one split of a pack's HDF5; the other splits stay unread.

    Raises:
        StoreError: the file is not a Triptych pack, or lacks the split.
    """
    with open_splits(path, (split,)) as splits:
        return splits[split].load()


@contextmanager
def open_splits(path: Path, names: Sequence[Split] = SPLITS) -> Iterator[dict[Split, PackSplit[RowArray]]]:
    """Splits of a pack's HDF5; the large arrays stay on disk and can be read while the context is open.

    Raises:
        StoreError: the file is not a Triptych pack, or lacks a split.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_hdf5(path))
            splits = {split: from_arrays(file[split]) for split in names}
        except (OSError, KeyError, AttributeError, TypeError) as error:
            raise StoreError(f"{path}: not readable as a pack ({error}); build the pack again") from error
        yield splits


def write_card(path: Path, card: PackCard) -> None:
    """Write the card as JSON with sorted keys."""
    with atomic_path(path) as part:
        part.write_text(json.dumps(card.model_dump(mode="json"), indent=1, sort_keys=True) + "\n")


def read_card(path: Path) -> PackCard:
    """Read the card of a pack.

    Raises:
        StoreError: the file is absent or no card.
    """
    try:
        return PackCard.model_validate_json(read_bounded(path, limit_bytes=_LARGEST_CARD_BYTES))
    except (OSError, ValidationError) as error:
        raise StoreError(f"{path}: not readable as a pack's card ({error}); build the pack again") from error
