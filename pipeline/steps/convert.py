"""Convert a pack between MMSA pickle (.pkl), HDF5 (.h5) and a folder of computational sequences (.csd).

The conversion is lossless: pickle, HDF5, csd, HDF5, pickle gives the first file again. The card is copied too.
A target folder is one whose name ends in .csd or in a slash.
example: python -m pipeline convert processed/demo/packs/unaligned_50.pkl exports/unaligned_50.csd
"""

import logging
import shutil
from pathlib import Path
from typing import Literal

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import ConfigError, StoreError
from pipeline.core.types import SPLITS
from pipeline.packs.formats import csd, mmsa_pickle
from pipeline.packs.formats.contents import plain, write_contents
from pipeline.packs.formats.reader import card_path, read_pack

_log = logging.getLogger(__name__)

Format = Literal["pkl", "h5", "csd"]

_SUFFIXES: dict[str, Format] = {".pkl": "pkl", ".h5": "h5", ".hdf5": "h5", ".csd": "csd"}


def run(source: Path, target: str | Path, *, to: Format | None = None) -> None:
    """Convert a pack; its card, if there is one, is copied next to the target (into it, if that is a folder).

    Args:
        source: a pack: .pkl, .h5, or a folder of .csd files.
        target: file or folder to write or replace: FILE.pkl, FILE.h5, FOLDER.csd or FOLDER/.
        to: format of the target, if its name does not give it.

    Raises:
        StoreError: the source cannot be read, or the target folder contains something else.
        ConfigError: neither ``to`` nor the target's name gives the format.
    """
    form, path = to or _format_of(target), Path(target)
    contents = plain(read_pack(source), str(source))
    if absent := [split for split in SPLITS if "id" not in contents[split]]:
        raise StoreError(f"{source}: no key id in {', '.join(absent)}; expected a list of clip ids in every split")
    card = card_path(source)
    if form == "csd":
        csd.write_csd(path, contents, card_file=card if card.is_file() else None)
    else:
        if form == "pkl":
            mmsa_pickle.dump(contents, path)
        else:
            write_contents(path, contents)
        _copy_card(card, path.with_suffix(".json"))
    clips = sum(len(contents[split]["id"]) for split in SPLITS)
    print(f"{path}: {clips} clips" + ("" if card.is_file() else f"; no card ({card} is absent)"))


def _format_of(target: Path | str) -> Format:
    if str(target).endswith("/") or Path(target).is_dir():
        return "csd"
    try:
        return _SUFFIXES[Path(target).suffix]
    except KeyError:
        raise ConfigError(
            f"{target}: unknown format; expected a name that ends in {', '.join(_SUFFIXES)}, or a folder/; or give --to"
        ) from None


def _copy_card(card: Path, target: Path) -> None:
    if card.is_file() and card.resolve() != target.resolve():
        with atomic_path(target) as part:
            shutil.copyfile(card, part)
    elif target.is_file() and not card.is_file():
        logging.getLogger(__name__).warning(
            "%s is left in place, but the source has no card: it may describe another pack", target
        )
