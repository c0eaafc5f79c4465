"""The workflow on a real SLURM: the bytes of a local run, and more memory for a job that ran out of it."""

import csv
import json
import re

import pytest

from tests.support.project import REPOSITORY

pytestmark = pytest.mark.slurm

#: A SLURM without accounts and without a database of jobs, looked at often.
SITE = [
    *("--profile", str(REPOSITORY / "profiles" / "slurm")),
    *("--slurm-no-account", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "3"),
]
#: Seconds and megabytes, which no two runs share; everything else is compared.
MEASURED = {"seconds", "seconds_per_epoch", "peak_memory_mb"}
#: Caches of file times, and a page that shows what was measured.
SKIPPED = {"logs", "benchmarks", ".cache", "files.sqlite", ".lock", "report.html"}


@pytest.fixture(scope="module")
def local(packed, tmp_path_factory):
    project = brief(packed.copy_to(tmp_path_factory.mktemp("local") / "project"))
    done = project.run("train_all", cores=1)
    assert done.status == 0, done.output
    return project


@pytest.fixture(scope="module")
def cluster(new_project):
    project = brief(new_project("cluster"))
    done = project.run(*SITE, "--", "train_all", cores=None)
    assert done.status == 0, done.output
    return project, done


def brief(project):
    models = project.root / "config" / "models"
    models.mkdir(parents=True)
    (models / "amccl.yaml").write_text("training: {epochs: 2, batch_size: 4}\n")
    return project


def compared(project):
    """All results by relative path, without what was measured."""
    files = sorted(path for path in project.processed.rglob("*") if path.is_file())
    relative = {path.relative_to(project.processed): path for path in files}
    return {str(name): content(path) for name, path in relative.items() if not SKIPPED.intersection(name.parts)}


def content(path):
    if path.name in ("train.json", "metrics.json"):
        return without(json.loads(path.read_text()))
    if path.name in ("history.csv", "results.csv"):
        with path.open(newline="") as file:
            return [without(row) for row in csv.DictReader(file)]
    return path.read_bytes()


def without(row):
    return {key: value for key, value in row.items() if key not in MEASURED}


def submitted(done):
    """Memory in MB that each job submitted to SLURM asked for, by rule."""
    blocks = re.findall(r"^rule (\w+):.*?resources: [^\n]*?mem_mb=(\d+)", done.output, re.S | re.M)
    return [(rule, int(memory)) for rule, memory in blocks]


def test_a_run_on_slurm_gives_the_bytes_of_a_local_run(local, cluster):
    project, done = cluster
    ours, theirs = compared(local), compared(project)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert {rule for rule, _ in submitted(done)} == {"extract", "pack", "train", "evaluate"}
    assert "demo/runs/unaligned_50/amccl/1/best.safetensors" in theirs


def test_a_job_that_ran_out_of_memory_is_tried_again_with_twice_as_much(cluster, local, tmp_path):
    project = cluster[0].copy_to(tmp_path / "project")
    done = project.run(
        *SITE,
        "--set-resources",
        "train:mem_mb=700*2**(attempt-1)",
        "--forcerun",
        "train",
        "--",
        "train_all",
        cores=None,
    )
    assert done.status == 0, done.output
    assert [memory for rule, memory in submitted(done) if rule == "train"] == [700, 1400]
    assert "exceeded memory limit" in "".join(
        path.read_text() for path in project.root.glob(".snakemake/slurm_logs/**/*.log")
    )
    assert compared(project) == compared(local)
