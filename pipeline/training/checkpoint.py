"""Weights, and the state of an unfinished run. Reading them runs no code from the file."""

import logging
import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import nn

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError

logger = logging.getLogger(__name__)


def save_weights(model: nn.Module, path: Path) -> None:
    """Write all parameters and buffers as safetensors."""
    with atomic_path(path) as part:
        save_model(model, str(part))


def load_weights(model: nn.Module, path: Path) -> None:
    """Read weights into a model of the same build.

    Raises:
        StoreError: the file is absent, damaged, or of another build of the model.
    """
    try:
        load_model(model, path)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(f"{path}: weights do not load ({reason}); train the run again") from error


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values."""
    with atomic_path(path) as part:
        torch.save(state, part)


def load_state(path: Path, *, identity: str) -> dict[str, Any] | None:
    """Read the state of an unfinished run.

    Args:
        path: the file, which may be absent.
        identity: fingerprint of the run; the state must have the same.

    Returns:
        None if the file is absent, damaged, or of other settings or data; the last two are logged.
    """
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        logger.warning("%s cannot be read (%s): training starts from the beginning", path, type(error).__name__)
        return None
    if not isinstance(state, dict) or state.get("identity") != identity:
        logger.warning("%s belongs to other settings or data: training starts from the beginning", path)
        return None
    return state
