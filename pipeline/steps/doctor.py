"""List what is installed, which weights are present, and how to fix what is missing.

Exit status: 0 if everything that config/config.yaml needs is present, else 1.
example: python -m pipeline doctor
         python -m pipeline doctor --json
"""

import ctypes.util
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline import __version__
from pipeline.config.loading import read_yaml, validated
from pipeline.config.settings import WorkflowConfig
from pipeline.core import plugins
from pipeline.core.console import Level, print_json, print_line, print_table
from pipeline.core.errors import PipelineError
from pipeline.core.fingerprints import library_versions
from pipeline.workflow.config_files import dataset_config, pack_config

_LIBRARIES = (
    *("torch", "transformers", "openvino", "mediapipe", "opensmile", "av", "h5py", "numpy", "snakemake"),
    *("ffmpeg-python", "imageio-ffmpeg", "espeakng-loader", "lightning-fabric", "scikit-image"),
)
_SYSTEM = {"EGL": "libegl1", "GLESv2": "libgles2", "GL": "libgl1", "glib-2.0": "libglib2.0-0"}


@dataclass(frozen=True)
class Check:
    """One required item.

    Attributes:
        name: of the item.
        value: version, path or description; empty if the item is missing.
        fix: how to install it.
    """

    name: str
    value: str
    fix: str = ""


def run(*, json: bool = False) -> int:
    """Print what is installed and what is missing.

    Args:
        json: print one JSON object instead of a table.

    Returns:
        1 if a required item is missing, else 0.
    """
    checks = [check for group in (_machine, _libraries, _system, _programs, _extractors) for check in group()]
    missing = [check for check in checks if not check.value]
    if json:
        print_json({"triptych": __version__, "missing": len(missing), "checks": [asdict(check) for check in checks]})
        return int(bool(missing))
    rows = [[check.name, check.value or "missing", "" if check.value else check.fix] for check in checks]
    levels: list[Level] = ["ok" if check.value else "error" for check in checks]
    print_table(f"Triptych {__version__}", ("item", "installed", "how to fix"), rows, levels)
    print_line(f"{len(missing)} missing" if missing else "nothing is missing", "error" if missing else "ok")
    return int(bool(missing))


def _machine() -> Iterator[Check]:
    version = platform.python_version()
    yield Check("python", version if sys.version_info >= (3, 11) else "", "install Python 3.11 or later")
    yield Check("cores", str(len(os.sched_getaffinity(0))))
    yield Check("CUDA devices", _value_or_empty(_cuda_devices) or "none: training runs on the CPU")
    yield Check("free disk here", f"{shutil.disk_usage(Path.cwd()).free / 2**30:.0f} GiB")
    yield Check("model hub", "offline (HF_HUB_OFFLINE)" if os.environ.get("HF_HUB_OFFLINE") == "1" else "allowed")


def _cuda_devices() -> str:
    import torch

    return ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))


def _libraries() -> Iterator[Check]:
    for name, version in library_versions(_LIBRARIES).items():
        yield Check(name, "" if version == "absent" else version, "pip install -r requirements.lock (or: make setup)")


def _system() -> Iterator[Check]:
    for library, package in _SYSTEM.items():
        yield Check(f"lib{library}", ctypes.util.find_library(library) or "", f"sudo apt-get install {package}")


def _programs() -> Iterator[Check]:
    yield Check("ffmpeg", _value_or_empty(_ffmpeg), "pip install imageio-ffmpeg, or sudo apt-get install ffmpeg")
    yield Check("espeak-ng", _value_or_empty(_espeak), "pip install espeakng-loader")


def _ffmpeg() -> str:
    import imageio_ffmpeg

    return f"{Path(imageio_ffmpeg.get_ffmpeg_exe()).name} ({imageio_ffmpeg.get_ffmpeg_version()})"


def _espeak() -> str:
    import espeakng_loader

    return Path(espeakng_loader.get_library_path()).name


def _extractors() -> Iterator[Check]:
    """Weights of each extractor with its default settings. Only configured extractors are required."""
    required = _configured()
    for name in plugins.names("extractors"):
        module = plugins.load("extractors", name)
        try:
            weights = module.extractor.weight_files(module.Config())
        except PipelineError as error:
            value = "" if name in required else f"not configured: {error}"
            yield Check(f"extractor {name}", value, str(error))
        else:
            yield Check(f"extractor {name}", ", ".join(sorted(weights)) or "no weights needed")


def _configured() -> set[str]:
    """Extractors of the packs that config/config.yaml asks for; all if there is no such file."""
    path = Path("config/config.yaml")
    if not path.is_file():
        return set(plugins.names("extractors"))
    config = validated(WorkflowConfig, read_yaml(path), str(path))
    packs = [pack_config(name) for name in config.packs]
    datasets = [dataset_config(name) for name in config.datasets]
    return {name for pack in packs for dataset in datasets for name in pack.timed_by(dataset.words).all_extractors()}


def _value_or_empty(read: Callable[[], str]) -> str:
    try:
        return read()
    except (ImportError, OSError, RuntimeError):
        return ""
