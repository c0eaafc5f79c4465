"""Packs of any format: plain arrays, and `Pack`, which gives NumPy arrays, a table of clips or a torch dataset."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.errors import StoreError
from pipeline.core.types import SPLITS, Split
from pipeline.packs.formats.contents import Contents, plain, read_contents
from pipeline.packs.formats.csd import CARD, read_csd
from pipeline.packs.formats.files import read_card, read_pickle, read_split, to_arrays
from pipeline.packs.schema import PackCard

if TYPE_CHECKING:
    import pandas as pd
    from torch.utils.data import Dataset

_HDF5 = (".h5", ".hdf5")


def read_pack(path: Path) -> Mapping[Split, Mapping[str, Any]]:
    """Read all arrays of a pack, as they are in the file: MMSA pickle, HDF5 or csd folder.

    Raises:
        StoreError: there is no such file, or it is not readable as a pack.
    """
    _require(path)
    if path.is_dir():
        return read_csd(path)
    return read_contents(path) if path.suffix in _HDF5 else read_pickle(path)


def card_path(path: Path) -> Path:
    """Where the card of a pack is: in a csd folder, or next to a file."""
    return path / CARD if path.is_dir() else path.with_suffix(".json")


class Pack:
    """A pack on disk; arrays are read on demand.

    Attributes:
        file: its file or folder.
    """

    def __init__(self, file: Path) -> None:
        """Open a pack.

        Raises:
            StoreError: there is no such file.
        """
        _require(file)
        self.file = file

    @cached_property
    def card(self) -> PackCard | None:
        """Contents and origin of the pack; None without a card next to it."""
        path = card_path(self.file)
        return read_card(path) if path.is_file() else None

    def numpy(self, split: Split = "train") -> dict[str, np.ndarray]:
        """All arrays of a split under MMSA's keys; docs/formats.md describes them.

        Raises:
            StoreError: the file is damaged, or there is no such split.
        """
        if split not in SPLITS:
            raise StoreError(f"{self.file}: no split {split!r}; expected one of {', '.join(SPLITS)}")
        if self.file.suffix in _HDF5:
            return to_arrays(read_split(self.file, split))
        return self._contents[split]

    def pandas(self, split: Split | None = None) -> "pd.DataFrame":
        """One row per clip: split, text, labels, lengths, annotation; all splits unless one is named."""
        import pandas as pd

        frames = [self._table(name) for name in ([split] if split else SPLITS)]
        return pd.concat(frames)

    def torch(self, split: Split = "train") -> "Dataset[dict[str, Any]]":
        """A map-style dataset: one dict of tensors and strings per clip, as torch's DataLoader takes it."""
        from pipeline.packs.torch_dataset import PackDataset

        return PackDataset(self.numpy(split))

    @cached_property
    def _contents(self) -> Contents:
        return plain(read_pack(self.file), str(self.file))

    def _table(self, split: Split) -> "pd.DataFrame":
        import pandas as pd

        columns = {key: values for key, values in self.numpy(split).items() if values.ndim == 1}
        return pd.DataFrame(columns).set_index("id").assign(split=split)


def _require(path: Path) -> None:
    if not path.exists():
        raise StoreError(f"{path}: no such file; expected a pack: .pkl, .h5, or a folder of .csd files")
