"""A working folder with real Snakemake runs in it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
_JOB = re.compile(r"^(?:local)?rule (\w+):.*?(?=^\[|\Z)", re.S | re.M)
#: Of inotify: somebody opened the watched file.
_IN_OPEN = 0x20
_WILDCARD = re.compile(r"(\w+)=([^,\n]+)")


@dataclass
class Finished:
    """What a Snakemake run did."""

    status: int
    output: str
    jobs: list[tuple[str, dict[str, str]]]
    counts: dict[str, Counter] = field(default_factory=dict)

    def rules(self) -> Counter:
        """How often each rule ran, bookkeeping left out."""
        return Counter(name for name, _ in self.jobs if name not in ("packs", "train_all", "report"))

    def extracted(self) -> Counter:
        """How many shards each extractor ran."""
        return Counter(wildcards["extractor"] for name, wildcards in self.jobs if name == "extract")


@dataclass
class Project:
    """A working folder: raw data, configuration, results."""

    root: Path

    @property
    def processed(self) -> Path:
        return self.root / "processed"

    def configure(self, **changes) -> None:
        path = self.root / "config.yaml"
        config = yaml.safe_load(path.read_text()) if path.is_file() else {}
        path.write_text(yaml.safe_dump({**config, **changes}))

    def run(self, *arguments: str, cores: int | None = 2, snakefile: Path = REPOSITORY / "Snakefile") -> Finished:
        """Run Snakemake as a user would; targets and options as given. ``cores`` is None on a cluster."""
        started = time.time()
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)]
        command += ["--configfile", "config.yaml", *(["--cores", str(cores)] if cores else []), *arguments]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        output = done.stdout + done.stderr
        jobs = [(m.group(1), _wildcards(m.group(0))) for m in _JOB.finditer(output)]
        return Finished(done.returncode, output, jobs, self._counts(started))

    def copy_to(self, root: Path) -> "Project":
        """A copy with the same time stamps."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root)

    def quarantine(self, dataset: str = "demo") -> list[dict]:
        return [json.loads(line) for line in (self.processed / dataset / "quarantine.jsonl").read_text().splitlines()]

    def _counts(self, started: float) -> dict[str, Counter]:
        """Clips reused, computed and failed per extractor, from the counts that this run wrote."""
        counts: dict[str, Counter] = {}
        for path in (self.processed / "logs" / "extract").rglob("*.counts.json"):
            if path.stat().st_mtime >= started:
                counts.setdefault(path.parent.name, Counter()).update(json.loads(path.read_text()))
        return counts


def _wildcards(block: str) -> dict[str, str]:
    line = next((line for line in block.splitlines() if line.strip().startswith("wildcards:")), "")
    return {name: value.strip() for name, value in _WILDCARD.findall(line)}


def derived_files(root: Path, dataset: str = "demo") -> dict[str, bytes]:
    """Stores, packs and quarantine of a dataset by relative path."""
    folder = root / "processed" / dataset
    files = [*folder.glob("features/**/*"), *folder.glob("packs/*"), folder / "quarantine.jsonl"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(files) if path.is_file()}
