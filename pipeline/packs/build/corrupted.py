"""The test split of a pack with one modality extracted anew, from corrupted media.

Grid, cut and scale are those that the pack's card tells; all other arrays are the pack's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py

from pipeline.config.loading import validated
from pipeline.config.settings import PackConfig, StreamPack
from pipeline.core.errors import StoreError
from pipeline.core.types import Modality
from pipeline.packs.build.grid import Regrid, on_tokens, own_rate
from pipeline.packs.build.padding import pad
from pipeline.packs.build.scaling import scaler_of
from pipeline.packs.build.streams import load_stream, load_text, load_word_times
from pipeline.packs.formats.contents import write_contents
from pipeline.packs.formats.files import read_split, to_arrays
from pipeline.packs.schema import Card, PackSplit

_FORMAT = "triptych-corrupted-1"


@dataclass(frozen=True)
class Stores:
    """Stores that a corrupted split is made of.

    Attributes:
        corrupted: of the modality's extractor, test clips only.
        text: clean; read for an aligned pack only.
        words: word times of the clean sound; read for an aligned pack only.
    """

    corrupted: Sequence[Path]
    text: Sequence[Path] = field(default_factory=list)
    words: Sequence[Path] = field(default_factory=list)


def with_stream(test: PackSplit, modality: Modality, stores: Stores, card: Card) -> tuple[PackSplit, list[str]]:
    """Replace one modality of the test split.

    Args:
        test: the pack's test split.
        modality: audio or vision.
        stores: where the new rows are.
        card: settings, lengths and scale of the pack.

    Returns:
        The split, and the clips that had the modality and lack it now.
    """
    config = validated(PackConfig, card.settings, f"settings of pack {card.pack}")
    settings = config.streams()[modality]
    wanted = set(test.ids)
    stream = load_stream(stores.corrupted, wanted, _regrid(config, settings, stores, wanted))
    lacking = _lacking(test, modality, stream.values)
    if not stream.values:
        return test, lacking
    scaler = scaler_of(card.normalisation[modality], card.dims[modality])
    padded = pad(stream, test.ids, card.lengths[modality].padded, scaler)
    lengths = None if card.aligned else padded.lengths
    changes: dict[str, Any] = {modality: padded.values, f"{modality}_mask": padded.mask, f"{modality}_lengths": lengths}
    return replace(test, **changes), lacking


def write_corrupted(path: Path, split: PackSplit, *, pack_sha256: str) -> None:
    """Write the one split in the pack's layout, with the hash of the pack that it belongs to."""
    write_contents(path, {"test": to_arrays(split)}, {"format": _FORMAT, "pack_sha256": pack_sha256})


def read_corrupted(path: Path, *, pack_sha256: str) -> PackSplit:
    """Read a corrupted test split.

    Raises:
        StoreError: it is damaged, or belongs to another version of the pack.
    """
    split = read_split(path, "test")
    with h5py.File(path, "r") as file:
        if file.attrs.get("pack_sha256") != pack_sha256:
            raise StoreError(f"{path}: made for another version of the pack; make it anew: python -m pipeline corrupt")
    return split


def _regrid(config: PackConfig, settings: StreamPack, stores: Stores, wanted: set[str]) -> Regrid:
    if config.align is None:
        return own_rate(settings)
    text = load_text(stores.text, wanted, config.text.rows)
    return on_tokens(settings, load_word_times(stores.words, wanted), text)


def _lacking(test: PackSplit, modality: Modality, found: Mapping[str, object]) -> list[str]:
    had = getattr(test, f"{modality}_mask").any(axis=1)
    return [clip_id for clip_id, had_it in zip(test.ids, had, strict=True) if had_it and clip_id not in found]
