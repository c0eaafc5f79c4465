"""Real Snakemake runs on a small demo dataset, in folders of their own."""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from pipeline.demo.dataset import make_demo
from tests.corpus.dataset import make_faulty_dataset

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
        """Clips reused, computed and failed per extractor, from the logs that this run wrote."""
        counts: dict[str, Counter] = {}
        for log in (self.processed / "logs" / "extract").rglob("*.log"):
            if log.stat().st_mtime >= started:
                line = log.read_text().strip().splitlines()[-1]
                found = {what: int(n) for what, n in re.findall(r"(reused|computed|failed) (\d+)", line)}
                counts.setdefault(log.parent.name, Counter()).update(found)
        return counts


def _wildcards(block: str) -> dict[str, str]:
    line = next((line for line in block.splitlines() if line.strip().startswith("wildcards:")), "")
    return {name: value.strip() for name, value in _WILDCARD.findall(line)}


def derived_files(root: Path, dataset: str = "demo") -> dict[str, bytes]:
    """Stores, packs and quarantine of a dataset by relative path."""
    folder = root / "processed" / dataset
    files = [*folder.glob("features/**/*"), *folder.glob("packs/*"), folder / "quarantine.jsonl"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(files) if path.is_file()}


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Make a folder once for all processes of a test run; they take turns at the lock."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, build: Callable[[Path], None]) -> Path:
        folder = base / f"shared-{name}"
        with FileLock(base / f"shared-{name}.lock"):
            if not folder.is_dir():
                part = base / f"shared-{name}.part"
                shutil.rmtree(part, ignore_errors=True)
                build(part)
                part.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def small_demo(made_once) -> Path:
    """Raw folder of a small demo dataset."""
    return made_once("demo", lambda folder: make_demo(folder, num_clips=8, seed=3))


@pytest.fixture(scope="session")
def new_project(tmp_path_factory, small_demo):
    """Make a project with the raw data of the small demo, two manifests, nothing derived."""
    return lambda name: _new_project(tmp_path_factory.mktemp(name) / "project", small_demo)


@pytest.fixture(scope="session")
def packed(made_once, small_demo) -> Project:
    """A project whose packs are made; copy it before changing anything."""

    def build(folder: Path) -> None:
        done = _new_project(folder, small_demo).run("packs")
        assert done.status == 0, done.output

    return Project(made_once("packed", build))


@pytest.fixture(scope="session")
def faulty(made_once) -> Project:
    """A project with every media fault and odd transcript of tests/corpus, packed; copy it before changing anything."""

    def build(folder: Path) -> None:
        project = Project(folder)
        make_faulty_dataset(folder / "raw" / "demo")
        project.configure(
            datasets=["demo"],
            packs=["unaligned_50"],
            models=["amccl"],
            seeds=[1],
            max_failed_fraction=1.0,
            features={"face": {"rate_hz": 8}},  # few pictures are enough for what is tested here
        )
        done = project.run("packs")
        assert done.status == 0, done.output
        for path in folder.rglob("*.mp4"):
            if path.is_fifo():
                path.unlink()  # cannot be copied; to the scan it was not there anyway

    return Project(made_once("faulty", build))


def _new_project(root: Path, raw: Path) -> Project:
    project = Project(root)
    shutil.copytree(raw, root / "raw" / "demo")
    project.configure(datasets=["demo"], packs=["unaligned_50"], models=["amccl"], seeds=[1])
    index = project.processed / "demo" / "index"
    index.mkdir(parents=True)
    # The number of manifests is fixed by the first scan; two of them make several vision shards.
    summary = {"manifests": 2, "clips": 0, "rejected": 0, "absent": 0, "signature": "", "packs": []}
    (index / "summary.json").write_text(json.dumps(summary))
    return project


@pytest.fixture
def opened():
    """Tells whether a file was opened since it was last asked about; the first question begins the watch."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_NONBLOCK)

    def was_opened(path: Path) -> bool:
        libc.inotify_add_watch(handle, str(path).encode(), _IN_OPEN)
        try:
            return bool(os.read(handle, 4096))
        except BlockingIOError:
            return False

    yield was_opened
    os.close(handle)
