"""Features on disk: one HDF5 file per extractor and shard, one group per clip.

The same content gives the same bytes, whether clips were computed now or copied from an earlier file: groups are
created in the order of their ids, without time stamps, and a copied clip goes through the same calls as a new one
(its compressed chunks are copied as they are; HDF5's own object copy would lay the file out differently).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError
from pipeline.core.hdf5 import new_hdf5
from pipeline.features.features import Features

_FORMAT = "triptych-features-1"
_EXTRA = "extra."
_NOTE = "note."
#: Below this many values, compression costs more than it saves.
_MIN_COMPRESSED = 512


@dataclass(frozen=True)
class Header:
    """The facts shared by all clips of a store.

    Attributes:
        extractor: the extractor's name.
        identity: fingerprint of everything that its numbers depend on.
        feature_names: one name per column of the values.
    """

    extractor: str
    identity: str
    feature_names: tuple[str, ...]


@dataclass(frozen=True)
class StoreEntry:
    """A clip to be written: either new ``features``, or the ``reader`` of the store to copy it from."""

    clip_id: str
    key: str
    features: Features | None = None
    reader: "StoreReader | None" = None


class StoreReader:
    """An open store. A context manager."""

    def __init__(self, path: Path) -> None:
        """Open a store.

        Raises:
            StoreError: the file is absent, damaged, or no store.
        """
        self.path = path
        try:
            self._file = h5py.File(path, "r")
        except OSError as error:
            reason = " ".join(str(error).split())
            raise StoreError(f"{path}: not a readable feature store ({reason}); delete it and run again") from error
        if self._file.attrs.get("format") != _FORMAT:
            mark = self._file.attrs.get("format", "no format mark")
            self._file.close()
            raise StoreError(f"{path}: {mark}; expected {_FORMAT}; delete it and run again")

    def __enter__(self) -> "StoreReader":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    @property
    def header(self) -> Header:
        """The facts shared by all clips."""
        attributes = self._file.attrs
        names = tuple(name.decode() for name in self._file["feature_names"][()])
        return Header(attributes["extractor"], attributes["identity"], names)

    def sound_keys(self) -> dict[str, str]:
        """Keys by clip id of clips whose arrays are present and fit each other; the others must be computed again."""
        width = self._file["feature_names"].shape[0]
        return {clip_id: group.attrs["key"] for clip_id, group in self._clips().items() if _is_sound(group, width)}

    def ids(self) -> set[str]:
        """The ids of the stored clips."""
        return set(self._clips())

    def notes(self, clip_id: str) -> dict[str, Any]:
        """The extractor's notes on a clip."""
        attributes = self._clips()[clip_id].attrs
        return {name.removeprefix(_NOTE): _plain(attributes[name]) for name in attributes if name.startswith(_NOTE)}

    def read(self, clip_id: str) -> Features:
        """Read the features of a clip.

        Raises:
            StoreError: the clip is absent, or its arrays are damaged.
        """
        try:
            group = self._clips()[clip_id]
            arrays = {name: dataset[()] for name, dataset in group.items()}
            extras = {name.removeprefix(_EXTRA): array for name, array in arrays.items() if name.startswith(_EXTRA)}
            return Features(arrays["values"], arrays["times"], arrays["mask"], extras, self.notes(clip_id))
        except (KeyError, OSError) as error:
            raise StoreError(f"{self.path}: clip {clip_id} cannot be read ({error}); delete the file") from error

    def group(self, clip_id: str) -> h5py.Group:
        """The clip's group, for copying."""
        return self._clips()[clip_id]

    def _clips(self) -> h5py.Group:
        return self._file["clips"]


def open_if_usable(path: Path) -> StoreReader | None:
    """Open an earlier store; None if there is none, or if it is damaged."""
    if not path.is_file():
        return None
    try:
        reader = StoreReader(path)
    except StoreError:
        return None
    try:
        reader.sound_keys()
    except (KeyError, OSError, RuntimeError, AttributeError):
        reader.__exit__()
        return None
    return reader


def _is_sound(group: h5py.Group, width: int) -> bool:
    if "key" not in group.attrs or not {"values", "times", "mask"} <= set(group):
        return False
    values, times, mask = group["values"], group["times"], group["mask"]
    rows = len(mask)
    return (values.dtype, values.shape, times.shape) == (np.float32, (rows, width), (rows, 2))


def write_store(path: Path, header: Header, clips: Iterable[StoreEntry]) -> None:
    """Write a store in one atomic step.

    Args:
        path: the file to make or replace.
        header: the facts shared by all clips.
        clips: new and copied clips, sorted by id.
    """
    with atomic_path(path) as part, new_hdf5(part) as file:
        file.attrs["format"] = _FORMAT
        file.attrs["extractor"] = header.extractor
        file.attrs["identity"] = header.identity
        file.create_dataset("feature_names", data=np.array(header.feature_names, dtype="S"), track_times=False)
        group = file.create_group("clips")
        for clip in clips:
            _write_clip(group.create_group(clip.clip_id), clip)


def _write_clip(group: h5py.Group, clip: StoreEntry) -> None:
    group.attrs["key"] = clip.key
    if clip.features is not None:
        for name, value in sorted(clip.features.notes.items()):
            group.attrs[_NOTE + name] = value
        for name, array in sorted(_arrays(clip.features).items()):
            _create(group, name, array.shape, array.dtype)[...] = array
    elif clip.reader is not None:
        _copy_clip(clip.reader.group(clip.clip_id), group)


def _copy_clip(source: h5py.Group, target: h5py.Group) -> None:
    for name in sorted(name for name in source.attrs if name.startswith(_NOTE)):
        target.attrs[name] = _plain(source.attrs[name])
    for name, dataset in sorted(source.items()):
        copy = _create(target, name, dataset.shape, dataset.dtype)
        if copy.chunks is None:
            copy[...] = dataset[()]
        else:
            origin = (0,) * copy.ndim
            filters, chunk = dataset.id.read_direct_chunk(origin)
            copy.id.write_direct_chunk(origin, chunk, filters)


def _create(group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype) -> h5py.Dataset:
    """An empty dataset; a large one is one compressed chunk, since a clip is always read completely."""
    if int(np.prod(shape)) < _MIN_COMPRESSED:
        return group.create_dataset(name, shape, dtype, track_times=False)
    return group.create_dataset(
        name,
        shape,
        dtype,
        chunks=shape,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
        track_times=False,
    )


def _arrays(features: Features) -> dict[str, np.ndarray]:
    extras = {_EXTRA + name: array for name, array in features.extras.items()}
    return {"values": features.values, "times": features.times, "mask": features.mask, **extras}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
