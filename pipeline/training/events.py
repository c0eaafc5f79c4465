"""Optional logs for TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.errors import MissingDependencyError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def open_events(folder: Path, *, epochs: int) -> "SummaryWriter":
    """Open a writer of events.

    Args:
        folder: of the events; earlier ones of an interrupted run are kept.
        epochs: number of complete epochs; events of later ones are hidden.

    Raises:
        MissingDependencyError: TensorBoard is not installed.
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
