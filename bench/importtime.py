"""Import times of each kind of job: ``python bench/importtime.py FOLDER``.

The folder is a finished project (``config/config.yaml`` or ``config.yaml``, ``raw``, ``processed``); it is copied.
Every kind of job of its workflow is run once in the copy with Python's import timing on, worker processes included.
Extraction jobs start without a store, so that they load their weights.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
HEAVY = (
    "torch",
    "transformers",
    "mediapipe",
    "opensmile",
    "pandas",
    "sklearn",
    "cv2",
    "openvino",
    "av",
    "h5py",
    "pydantic",
)
_COMMAND = re.compile(r"\b(python -m pipeline [^\n>]+)")
_IMPORT = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \| +(\S+)", re.M)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a finished project")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        shutil.copytree(parser.parse_args().folder, project, ignore=shutil.ignore_patterns(".snakemake", ".venv"))
        print("| job | modules | seconds of import | of them |\n| --- | --- | --- | --- |", flush=True)
        for name, command in sorted(jobs(project).items()):
            modules = imported(project, command)
            heavy = [module for module in HEAVY if module in modules]
            print(f"| {name} | {len(modules)} | {sum(modules.values()):.2f} | {', '.join(heavy)} |", flush=True)


def jobs(project: Path) -> dict[str, list[str]]:
    """One command per kind of job, as Snakemake would start it."""
    config = next(name for name in ("config.yaml", "config/config.yaml") if (project / name).is_file())
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--configfile", config]
    command += ["--cores", "1", "--forceall", "--dry-run", "--printshellcmds", "--", "train_all"]
    output = subprocess.run(command, cwd=project, env=environment(), capture_output=True, text=True, check=True).stdout
    commands: dict[str, list[str]] = {}
    for line in _COMMAND.findall(output):
        words = shlex.split(line)
        extractor = f" {words[words.index('--extractor') + 1]}" if words[3] == "extract" else ""
        commands.setdefault(words[3] + extractor, words[1:])
    return commands


def imported(project: Path, command: list[str]) -> dict[str, float]:
    """Seconds by module; a package that several processes load counts each time."""
    if "extract" in command:
        at = dict(pairwise(command))
        features = project / "processed" / at["--dataset"] / "features"
        (features / at["--extractor"] / f"{at['--shard']}.h5").unlink()
    timed = {**environment(), "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=project, env=timed, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.splitlines()[-1]}")
    modules: dict[str, float] = {}
    for microseconds, name in _IMPORT.findall(done.stderr):
        modules[name] = modules.get(name, 0.0) + int(microseconds) / 1e6
    return modules


def environment() -> dict[str, str]:
    """Jobs import this checkout and download no weights."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(REPOSITORY)}


if __name__ == "__main__":
    main()
