"""Stores, packs and settings, read with h5py and json alone, so that faults of the pipeline's writers show."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipeline.core.errors import StoreError

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        where: the file or extractor, and the clip if it is about one.
        what: what is wrong and what was expected.
    """

    where: str
    what: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.where}: {' '.join(self.what.split())}"


@dataclass(frozen=True)
class StoredClip:
    """One clip in a store.

    Attributes:
        path: the store.
        key: what the clip is stored under.
        identity: the identity that the store's header names.
    """

    path: Path
    key: str
    identity: str

    def arrays(self, clip_id: str) -> Arrays:
        """All arrays of the clip, as they are named in the file.

        Raises:
            StoreError: they cannot be read.
        """
        try:
            with h5py.File(self.path, "r") as file:
                return {name: data[()] for name, data in file["clips"][clip_id].items()}
        except (OSError, KeyError) as error:
            raise StoreError(f"{self.path.name}: {clip_id} cannot be read ({error}); delete the file") from error


@dataclass(frozen=True)
class Extracted:
    """The stores of one extractor and its settings."""

    name: str
    settings: Mapping[str, Any]
    clips: Mapping[str, StoredClip]
    faults: Sequence[Fault]


def read_extracted(root: Path, extractor: str) -> Extracted:
    """List the clips of all stores of an extractor.

    Args:
        root: the dataset's folder of derived files.
        extractor: its name.

    Raises:
        StoreError: its settings are absent or damaged.
    """
    settings = read_json(root / "settings" / "features" / f"{extractor}.json")
    clips: dict[str, StoredClip] = {}
    faults = []
    for path in sorted((root / "features" / extractor).glob("*.h5")):
        where = f"features/{extractor}/{path.name}"
        try:
            listed = _listed(path)
        except (OSError, KeyError, AttributeError, RuntimeError) as error:
            faults.append(Fault(where, f"cannot be read as a store ({error})"))
            continue
        faults += [Fault(f"{where} {clip_id}", "is in two stores") for clip_id in listed if clip_id in clips]
        clips |= listed
    return Extracted(extractor, settings, clips, faults)


def _listed(path: Path) -> dict[str, StoredClip]:
    with h5py.File(path, "r") as file:
        identity = str(file.attrs["identity"])
        return {name: StoredClip(path, str(group.attrs["key"]), identity) for name, group in file["clips"].items()}


@dataclass(frozen=True)
class Packed:
    """One pack: its card and the arrays of its HDF5 by split."""

    name: str
    card: Mapping[str, Any]
    splits: Mapping[str, Arrays]

    def ids(self, split: str) -> list[str]:
        """Clip ids in their order."""
        return [value.decode() for value in self.splits[split]["id"]]

    def is_even(self, split: str) -> bool:
        """Whether all arrays of a split have as many rows; if not, no row can be assigned to a clip."""
        return len({len(array) for array in self.splits[split].values()}) == 1

    def all_ids(self) -> list[str]:
        """Clip ids of all splits, each once."""
        return sorted({clip_id for split in self.splits for clip_id in self.ids(split)})

    def extractors(self) -> list[str]:
        """Every extractor whose stores it was made of."""
        align = self.card["settings"]["align"]
        return sorted({*self.card["extractors"].values(), *([align["words"]] if align else [])})


def read_packs(root: Path) -> list[Packed]:
    """Every pack that has a card.

    Raises:
        StoreError: there is none, or one is damaged.
    """
    cards = sorted((root / "packs").glob("*.json"))
    if not cards:
        raise StoreError(f"{root}/packs: no pack to audit; run: snakemake packs")
    return [Packed(card.stem, read_json(card), _splits(card.with_suffix(".h5"))) for card in cards]


def _splits(path: Path) -> dict[str, Arrays]:
    try:
        with h5py.File(path, "r") as file:
            return {split: {key: data[()] for key, data in group.items()} for split, group in file.items()}
    except (OSError, AttributeError, TypeError) as error:
        raise StoreError(f"{path}: cannot be read as a pack ({error}); rebuild it") from error


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        StoreError: absent or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: not readable ({error}); run snakemake again") from error


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines.

    Raises:
        StoreError: absent or damaged.
    """
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: not readable ({error}); run snakemake again") from error


def fingerprint(value: Any) -> str:
    """sha256 of a value as compact JSON with sorted keys: what every key and identity is made of."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(path: Path) -> str | None:
    """sha256 of a file; None if it is not there."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
