"""A pack for use in Python, whatever the file: NumPy arrays, a table of its clips, a torch dataset."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.errors import StoreError
from pipeline.core.types import SPLITS, Split
from pipeline.packs.formats.contents import Contents, plain, read_contents
from pipeline.packs.formats.csd import CARD, read_csd
from pipeline.packs.formats.files import read_card, read_pickle, read_split, to_arrays
from pipeline.packs.schema import Card

if TYPE_CHECKING:
    import pandas as pd
    from torch.utils.data import Dataset

_HDF5 = (".h5", ".hdf5")


class Pack:
    """A pack that was opened; arrays are read when they are asked for.

    Attributes:
        file: where it lies.
    """

    def __init__(self, file: Path) -> None:
        """Open a pack.

        Raises:
            StoreError: there is no such file.
        """
        if not file.exists():
            raise StoreError(f"{file}: no such file; expected a pack: .h5, .pkl, or a folder of .csd files")
        self.file = file

    @cached_property
    def card(self) -> Card | None:
        """What the pack holds and how it was made; None where no card lies beside it."""
        path = self.file / CARD if self.file.is_dir() else self.file.with_suffix(".json")
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
        if self.file.is_dir():
            return read_csd(self.file)
        if self.file.suffix in _HDF5:
            return read_contents(self.file)
        return plain(read_pickle(self.file), str(self.file))

    def _table(self, split: Split) -> "pd.DataFrame":
        import pandas as pd

        columns = {key: values for key, values in self.numpy(split).items() if values.ndim == 1}
        return pd.DataFrame(columns).set_index("id").assign(split=split)
