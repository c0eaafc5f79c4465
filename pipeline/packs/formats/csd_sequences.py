"""One computational sequence: the ``.csd`` file of the CMU Multimodal SDK.

An HDF5 file with one root group, named like the sequence, that contains ``data/<entry id>/features`` (rows, width),
``data/<entry id>/intervals`` (rows, 2) in seconds, and ``metadata/<key>``, each one JSON string.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Float, Shaped

from pipeline.core.errors import StoreError
from pipeline.core.hdf5 import new_hdf5, open_hdf5

#: A comma is missing between two keys in the SDK's list of expected metadata, so it asks for this key.
MERGED_KEY = "dimension namescomputational sequence version"
#: Below this many values, compression costs more than it saves.
_MIN_COMPRESSED = 512


@dataclass(frozen=True)
class Entry:
    """The rows of one clip, and when each of them is."""

    features: Shaped[np.ndarray, "rows *width"]
    intervals: Float[np.ndarray, "rows 2"]


@dataclass(frozen=True)
class Description:
    """Metadata of a sequence for the SDK.

    Attributes:
        text: what the rows and the intervals are.
        dimension_names: one name per column.
        in_seconds: the intervals are real time.
        dataset: name of the dataset.
        creator: the program that computed the numbers, and its version.
    """

    text: str
    dimension_names: tuple[str, ...]
    in_seconds: bool
    dataset: str
    creator: str


def write_sequence(path: Path, name: str, entries: Mapping[str, Entry], about: Description) -> None:
    """Write a computational sequence; equal input gives equal bytes.

    Args:
        path: the file to create, in a folder that is replaced atomically.
        name: the sequence's name, such as ``audio``.
        entries: rows by entry id, such as ``video[segment]``.
        about: for the metadata.
    """
    with new_hdf5(path) as file:
        root = file.create_group(name)
        data = root.create_group("data")
        for entry_id, entry in sorted(entries.items()):
            group = data.create_group(entry_id)
            _write_array(group, "features", entry.features)
            _write_array(group, "intervals", entry.intervals)
        metadata = root.create_group("metadata")
        for key, value in sorted(_metadata(name, entries, about).items()):
            text = np.array([json.dumps(value)], dtype=object)
            metadata.create_dataset(key, data=text, dtype=h5py.string_dtype(), track_times=False)


def _write_array(group: h5py.Group, name: str, array: np.ndarray) -> None:
    packed = array.size >= _MIN_COMPRESSED
    options = {"chunks": array.shape, "compression": "gzip", "compression_opts": 4, "shuffle": True} if packed else {}
    group.create_dataset(name, data=array, track_times=False, **options)


def _metadata(name: str, entries: Mapping[str, Entry], about: Description) -> dict[str, Any]:
    md5 = _md5(entries)
    return {
        "root name": name,
        "computational sequence description": about.text,
        "dimension names": list(about.dimension_names),
        "computational sequence version": "1",
        MERGED_KEY: "1",
        "alignment compatible": about.in_seconds,
        "dataset name": about.dataset,
        "dataset version": "1",
        "creator": about.creator,
        "contact": "",
        "featureset bib citation": "",
        "dataset bib citation": "",
        "md5": md5,
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{about.dataset}/{name}/{md5}")),
    }


def _md5(entries: Mapping[str, Entry]) -> str:
    """Over ids, types, shapes and bytes of the entries, in the order of their ids."""
    digest = hashlib.md5(usedforsecurity=False)
    for entry_id, entry in sorted(entries.items()):
        for array in (entry.features, entry.intervals):
            digest.update(f"{entry_id}\0{array.dtype.str}\0{array.shape}\0".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def read_sequence(path: Path) -> dict[str, Entry]:
    """Read the entries of a computational sequence of any origin.

    Raises:
        StoreError: the file is absent, damaged, or not laid out as the SDK expects.
    """
    try:
        with open_hdf5(path) as file:
            data = file[next(iter(file))]["data"]
            entries = {name: (group["features"][()], group["intervals"][()]) for name, group in data.items()}
    except StopIteration:
        raise StoreError(f"{path}: an empty HDF5; expected one root group named like the sequence") from None
    except (OSError, KeyError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise StoreError(f"{path}: cannot be read as a computational sequence ({error}); create it again") from error
    return {name: _checked(features, intervals, f"{path}: {name}") for name, (features, intervals) in entries.items()}


def _checked(features: np.ndarray, intervals: np.ndarray, where: str) -> Entry:
    """Check the rules that the SDK enforces on loading."""
    rows = np.shape(features)[:1]
    if np.ndim(features) < 2 or np.shape(intervals) != (*rows, 2) or np.asarray(intervals).dtype.kind != "f":
        raise StoreError(
            f"{where}: features {np.shape(features)}, intervals {np.shape(intervals)}; "
            "expected (rows, width) and (rows, 2) with floating-point seconds; create the file again"
        )
    return Entry(features, intervals)
