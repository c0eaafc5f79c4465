"""Device, precision and CPU threads of a run."""

import resource
import sys

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment

from pipeline.config.training import TrainingSettings
from pipeline.core.errors import ConfigError


def make_fabric(settings: TrainingSettings, *, threads: int, devices: int = 1) -> Fabric:
    """Set up the devices.

    Args:
        settings: device and precision.
        threads: CPU threads of this process.
        devices: number of processes that train together.

    Raises:
        ConfigError: the device is absent.
    """
    set_up_cpu(threads)
    device = settings.device if settings.device != "auto" else _best_device()
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("training.device is cuda, but torch sees no CUDA device; use auto or cpu")
    if device == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("training.device is mps, but torch sees no Apple GPU; use auto or cpu")
    if device == "cuda" and torch.cuda.device_count() < devices:
        raise ConfigError(f"training.devices is {devices}, but torch sees {torch.cuda.device_count()} CUDA devices")
    half = settings.precision == "bf16" or (settings.precision == "auto" and device == "cuda")
    # A job starts its own processes, also on a cluster, where the scheduler sees one task.
    return Fabric(
        accelerator=device,
        devices=devices,
        strategy="ddp_spawn" if devices > 1 else "auto",
        precision="bf16-mixed" if half else "32-true",
        plugins=LightningEnvironment(),
    )


def set_up_cpu(threads: int) -> None:
    """Set the CPU threads of this process, and flush denormal numbers to zero, since they slow CPUs down."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)


def peak_memory_mb() -> float:
    """Peak memory so far in megabytes: of the GPU if one is used, else of the process."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated() > 0:
        return torch.cuda.max_memory_allocated() / 1e6
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1e6 if sys.platform == "darwin" else used * 1024 / 1e6


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
