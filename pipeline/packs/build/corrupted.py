"""The test split of a pack with one modality extracted from corrupted media; all other arrays are the pack's own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import h5py

from pipeline.core.errors import StoreError
from pipeline.core.types import Modality
from pipeline.packs.build.grid import PackGrid, put_on_grid
from pipeline.packs.build.streams import stored_clips
from pipeline.packs.formats.contents import write_contents
from pipeline.packs.formats.files import read_split, to_arrays
from pipeline.packs.schema import PackCard, PackSplit

_FORMAT = "triptych-corrupted-1"


def with_corrupted(
    test: PackSplit,
    modality: Modality,
    card: PackCard,
    *,
    corrupted: Sequence[Path],
    text: Sequence[Path] = (),
    words: Sequence[Path] = (),
) -> tuple[PackSplit, list[str]]:
    """Replace one modality of the test split, on the grid of the pack's card.

    Args:
        test: the pack's test split.
        modality: audio or vision.
        card: settings, lengths and scale of the pack.
        corrupted: stores of the modality's extractor, test clips only.
        text: stores of the text; read for an aligned pack only.
        words: stores of word timings of the clean sound; read for an aligned pack only.

    Returns:
        The split, and the clips that had the modality and lack it now.
    """
    grid = PackGrid.from_card(card)
    extracted = {"text": stored_clips(text, test.ids), modality: stored_clips(corrupted, test.ids)}
    clips = put_on_grid(grid.config, extracted, stored_clips(words, test.ids))
    extracted_ids = clips.streams[modality].values.keys()
    had = getattr(test, f"{modality}_mask").any(axis=1)
    lacking = [clip_id for clip_id, has in zip(test.ids, had, strict=True) if has and clip_id not in extracted_ids]
    if not extracted_ids:
        return test, lacking
    return replace(test, **grid.arrays(clips, modality, test.ids)).load(), lacking


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
            raise StoreError(f"{path}: belongs to another version of the pack; run: python -m pipeline corrupt")
    return split
