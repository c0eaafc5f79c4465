"""Raw data that a step generates: a run makes the dataset itself where its raw folder is absent."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from pipeline.config.settings import DatasetConfig
from pipeline.core import plugins
from pipeline.core.errors import RawDataError


def generate_raw(name: str, config: DatasetConfig, raw: Path, *, dry_run: bool = False) -> None:
    """Run a dataset's generator if it has one and its raw folder is absent.

    Args:
        name: the dataset's name.
        config: its settings.
        raw: its raw folder.
        dry_run: run nothing, and name the command in an error instead.

    Raises:
        ConfigError: there is no such step.
        RawDataError: the step failed, or this is a dry run.
    """
    if config.generator is None or raw.exists():
        return
    plugins.source("steps", config.generator)
    arguments = ["-m", "pipeline", config.generator, "--output", str(raw), "--workers", str(os.cpu_count() or 1)]
    command = f"python {shlex.join(arguments)}"
    if dry_run:
        raise RawDataError(f"dataset {name}: no folder {raw}; a run makes it with: {command}")
    print(f"dataset {name}: no folder {raw}; making it with: {command}", file=sys.stderr, flush=True)
    status = subprocess.run([sys.executable, *arguments], check=False).returncode
    if status != 0:
        raise RawDataError(f"dataset {name}: the generator ended with status {status}; to see why: {command}")
