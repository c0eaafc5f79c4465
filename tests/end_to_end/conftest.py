"""Real Snakemake runs on a small demo dataset, in folders of their own."""

import ctypes
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from pipeline.demo.dataset import make_demo
from tests.support.project import Project
from tools.corpus.dataset import make_faulty_dataset

_IN_OPEN = 0x20


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
    """A project with its packs; copy it before changing anything."""

    def build(folder: Path) -> None:
        done = _new_project(folder, small_demo).run("packs")
        assert done.status == 0, done.output

    return Project(made_once("packed", build))


@pytest.fixture(scope="session")
def faulty(made_once) -> Project:
    """A project with every media fault and odd transcript of tools/corpus, packed; copy it before changing anything."""

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
    """Whether a file was opened since the last call about it; the first call starts watching."""
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
