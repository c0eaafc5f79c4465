"""What a run made, and whether it equals that of a clean run."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline.audit.audit import Scope, Subject, audit
from pipeline.config.settings import DatasetConfig
from pipeline.core.errors import PipelineError
from tools.torture.project import Project

#: They say when and how fast, which differs between any two runs: logs, benchmarks, caches, the page that shows them.
LEFT_OUT = ("logs", "benchmarks", ".cache", ".lock", "files.sqlite", "report.html")
#: The same within files that are compared otherwise.
TIMINGS = ("seconds_per_epoch", "peak_memory_mb", "seconds")


@dataclass(frozen=True)
class Verdict:
    """What is left after the rerun.

    Attributes:
        differing: files that are not byte by byte those of the clean run, timings aside.
        rows: rows of the raw table.
        accounted: of these, how many are packed or left out with a reason.
        faults: what the audit finds.
        left: unfinished files and running processes.
    """

    differing: list[str]
    rows: int
    accounted: int
    faults: list[str]
    left: list[str]

    @property
    def is_good(self) -> bool:
        return not (self.differing or self.faults or self.left) and self.accounted == self.rows

    def summary(self) -> str:
        """What is wrong, in one line."""
        problems = [f"differs: {name}" for name in self.differing] + self.faults
        problems += [f"left: {name}" for name in self.left]
        return "; ".join(problems[:4]) + ("; …" if len(problems) > 4 else "")


def judge(
    project: Project, clean: Mapping[str, str], compared: tuple[str, ...] = (), *, again: bool = False
) -> Verdict:
    """Compare with the clean run, and account for every row.

    Args:
        project: the one with the fault.
        clean: hashes of the reference's files.
        compared: beginnings of the paths to compare; all of them if there are none.
        again: also extract clips again; slow, and redundant where stores are equal.
    """
    hashes = digests(project)
    names = [name for name in hashes.keys() | clean.keys() if name.startswith(compared or "")]
    differing = sorted(name for name in names if hashes.get(name) != clean.get(name))
    subject = Subject("demo", DatasetConfig(), project.root / "raw" / "demo", project.processed / "demo")
    try:
        result = audit(subject, Scope(clips=99, again=again))
    except PipelineError as error:
        return Verdict(differing, 0, 0, [str(error)], left_behind(project))
    accounted = min(result.packed[pack] + result.left_out[pack] for pack in result.packed)
    return Verdict(differing, result.rows, accounted, [str(fault) for fault in result.faults], left_behind(project))


def digests(project: Project) -> dict[str, str]:
    """A hash of each file that a run makes, timings left out."""
    folder, hashes = project.processed, {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not set(name.parts) & set(LEFT_OUT):
            hashes[str(name)] = hashlib.sha256(_without_timings(path)).hexdigest()
    return hashes


def left_behind(project: Project) -> list[str]:
    """Unfinished files, and processes that still run."""
    files = [str(path.relative_to(project.root)) for path in project.processed.rglob("*.part")]
    spools = [str(path.relative_to(project.root)) for path in project.processed.rglob("*.spool")]
    return files + spools + [f"process {process.pid}" for process in processes_in(project.root)]


def processes_in(folder: Path) -> list[psutil.Process]:
    """Processes that work in a folder; dead ones are not counted."""
    processes = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                processes.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return processes


def _without_timings(path: Path) -> bytes:
    if path.name in ("metrics.json", "train.json"):
        values = {key: value for key, value in json.loads(path.read_text()).items() if key not in TIMINGS}
        return json.dumps(values, sort_keys=True).encode()
    if path.name in ("results.csv", "history.csv"):
        rows = csv.DictReader(io.StringIO(path.read_text()))
        return repr([{key: row[key] for key in row if key not in TIMINGS} for row in rows]).encode()
    return path.read_bytes()
