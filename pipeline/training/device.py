"""Where and in which arithmetic a run computes."""

import resource
import sys

import torch
from lightning_fabric import Fabric

from pipeline.errors import ConfigError
from pipeline.training.settings import TrainingSettings


def make_fabric(settings: TrainingSettings, *, threads: int) -> Fabric:
    """Set up one device.

    Denormal numbers are flushed to zero: they cost CPUs many times the work and carry no information here.

    Args:
        settings: device and precision.
        threads: CPU threads of this process.

    Raises:
        ConfigError: the device asked for is absent.
    """
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    device = settings.device if settings.device != "auto" else _best_device()
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("training.device is cuda, but torch sees no CUDA device; use auto or cpu")
    if device == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("training.device is mps, but torch sees no Apple GPU; use auto or cpu")
    half = settings.precision == "bf16" or (settings.precision == "auto" and device == "cuda")
    return Fabric(accelerator=device, devices=1, precision="bf16-mixed" if half else "32-true")


def peak_memory_mb() -> float:
    """Most memory held so far: of the GPU if one is used, else of the process, in megabytes."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated() > 0:
        return torch.cuda.max_memory_allocated() / 1e6
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
