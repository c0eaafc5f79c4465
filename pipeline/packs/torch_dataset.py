"""A split of a pack as a torch dataset. In a module of its own, because packing does not import torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset


class PackDataset(Dataset[dict[str, Any]]):
    """One dict per clip, under MMSA's keys: tensors for numbers, str for ids and texts."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Wrap a split's arrays, without copying them."""
        self._strings = {key: values for key, values in arrays.items() if values.dtype.kind == "U"}
        self._tensors = {key: torch.from_numpy(values) for key, values in arrays.items() if key not in self._strings}

    def __len__(self) -> int:
        """The number of clips."""
        return len(self._strings["id"])

    def __getitem__(self, index: int) -> dict[str, Any]:
        """A clip by its row."""
        tensors = {key: values[index] for key, values in self._tensors.items()}
        return {**tensors, **{key: str(values[index]) for key, values in self._strings.items()}}
