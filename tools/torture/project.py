"""A working folder: raw data, configuration, results; runs of Snakemake in it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.demo.dataset import make_demo

REPOSITORY = Path(__file__).resolve().parents[2]
#: No run of so little data takes longer; one that does hangs.
RUN_LIMIT_S = 3600
CONFIG = {
    "datasets": ["demo"],
    "packs": ["unaligned_50"],
    "models": ["late_fusion"],
    "seeds": [1],
    "train_threads": 1,
    "max_failed_fraction": 0.5,
    "features": {"face": {"rate_hz": 10}},
}


@dataclass(frozen=True)
class Finished:
    """How a run ended; a status below 0 is the signal that ended it."""

    status: int
    output: str


@dataclass(frozen=True)
class Project:
    """A folder that Snakemake is started in."""

    root: Path

    @property
    def processed(self) -> Path:
        return self.root / "processed"

    def start(self, *arguments: str, cores: int = 2, **environment: str) -> subprocess.Popen:
        """Begin a run, with the flags of the profile and no others, in a process group of its own."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
        command += ["--configfile", "config.yaml", "--cores", str(cores), *arguments]
        surroundings = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(REPOSITORY), **environment}
        with (self.root / f"{len(list(self.root.glob('*.log')))}.log").open("wb") as log:
            return subprocess.Popen(
                command, cwd=self.root, env=surroundings, stdout=log, stderr=log, start_new_session=True
            )

    def finish(self, run: subprocess.Popen, log: int = -1) -> Finished:
        """Wait for a run; one that hangs is killed and counts as ended by SIGALRM."""
        try:
            status = run.wait(RUN_LIMIT_S)
        except subprocess.TimeoutExpired:
            run.kill()
            status = -14
        logs = sorted(self.root.glob("*.log"), key=lambda path: int(path.stem))
        return Finished(status, logs[log].read_text(errors="replace"))

    def run(self, *arguments: str, cores: int = 2, **environment: str) -> Finished:
        """Begin a run and wait for it."""
        return self.finish(self.start(*arguments, cores=cores, **environment))

    def configure(self, **changes: Any) -> None:
        _write_config(self.root, {**yaml.safe_load((self.root / "config.yaml").read_text()), **changes})

    def copy_to(self, root: Path) -> "Project":
        """A copy with the same time stamps."""
        shutil.copytree(self.root, root, symlinks=True)
        for log in root.glob("*.log"):
            log.unlink()
        return Project(root)


def make_project(root: Path) -> Project:
    """Eight clips, one of which is lost; three extractors, one pack, one model of one epoch."""
    make_demo(root / "raw" / "demo", num_clips=8, seed=3)
    rows = (root / "raw" / "demo" / "label.csv").read_text().splitlines()
    video, clip = next(row for row in rows if row.endswith(",train")).split(",")[:2]
    (root / "raw" / "demo" / "Raw" / video / f"{clip}.mp4").write_text("This is no video.\n")
    (root / "config" / "models").mkdir(parents=True)
    (root / "config" / "models" / "late_fusion.yaml").write_text("training: {epochs: 1, batch_size: 4}\n")
    _write_config(root, CONFIG)
    return Project(root)


def _write_config(root: Path, config: Mapping[str, Any]) -> None:
    (root / "config.yaml").write_text(yaml.safe_dump(dict(config)))
