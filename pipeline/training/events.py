"""Logs for TensorBoard, an option."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.errors import MissingDependencyError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def open_events(folder: Path, *, epochs: int) -> "SummaryWriter":
    """Start to write events.

    Args:
        folder: of the events; those of an interrupted run stay.
        epochs: how many are done; later ones that an interrupted run wrote are hidden.

    Raises:
        MissingDependencyError: the library is absent.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError(
            "training.tensorboard is on, but tensorboard is not installed; run: pip install tensorboard"
        ) from error
    return SummaryWriter(str(folder), purge_step=epochs + 1)


def write_epoch(events: "SummaryWriter", row: Mapping[str, float | int]) -> None:
    """Write a row of the history: ``valid_MAE`` becomes ``valid/MAE``."""
    for name, value in row.items():
        if name != "epoch":
            events.add_scalar(name.replace("_", "/", 1), value, int(row["epoch"]))
    events.flush()
