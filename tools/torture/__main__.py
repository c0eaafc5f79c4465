"""Inject faults into the workflow, and print a table of the results: ``python -m tools.torture``."""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tools.torture import faults, kills
from tools.torture.injection import Fault, Reference, Result, attempt
from tools.torture.outputs import digests, judge
from tools.torture.project import Project, make_project

KILLS: dict[str, Fault] = {
    "kill -9 of a worker": kills.kill_worker,
    "kill -9 of a job": kills.kill_job,
    "kill -9 of Snakemake": kills.kill_snakemake,
}
#: Faults, and how often each is injected; the longest first.
OTHERS: dict[str, tuple[Fault, int]] = {
    "one core instead of two": (faults.one_core, 1),
    "two shards instead of one": (faults.other_shards, 1),
    "Ctrl-C (SIGINT)": (kills.interrupt, 2),
    "disk full": (faults.disk_full, 3),
    "file size limit": (faults.files_too_large, 2),
    "out of memory in a worker": (faults.out_of_memory, 3),
    "hanging decoder": (faults.hanging_decoder, 1),
    "second Snakemake": (faults.second_snakemake, 1),
    "clock three days ahead": (faults.clock_ahead, 2),
    "time stamps moved": (faults.time_stamps, 2),
    "read-only results": (faults.read_only, 1),
}
_NEED_ROOT = ("disk full", "read-only results")


def main() -> int:
    """Inject all faults; returns 0 if every rerun ended as expected."""
    options = _options()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, also by runs
    started, folder = time.monotonic(), options.folder or Path(tempfile.mkdtemp(prefix="torture-"))
    print(f"seed {options.seed}, folder {folder}")
    reference = make_reference(folder / "reference")
    injections = [injection for injection in planned(options.kills) if not options.only or options.only in injection[0]]
    with ThreadPoolExecutor(options.at_once) as pool:
        running = [
            pool.submit(attempt, kind, fault, reference, folder / f"{n:03d}", random.Random(f"{options.seed} {n}"))
            for n, (kind, fault) in enumerate(injections)
        ]
        results = []
        for future in as_completed(running):
            results.append(future.result())
            print(f"{len(results)}/{len(injections)} {results[-1].line()}", flush=True)
    print(table(results, time.monotonic() - started))
    return int(not all(result.is_good for result in results))


def planned(num_kills: int) -> Iterator[tuple[str, Fault]]:
    """Faults in the order of injection; prints and skips those that this machine does not support."""
    for kind, (fault, times) in OTHERS.items():
        if (kind in _NEED_ROOT and not faults.IS_ROOT) or (fault is faults.clock_ahead and not faults.FAKETIME):
            print(f"left out: {kind}; it needs {'root' if kind in _NEED_ROOT else 'libfaketime'}")
            continue
        yield from [(kind, fault)] * times
    for n in range(num_kills):
        yield list(KILLS.items())[n % len(KILLS)]


def make_reference(folder: Path) -> Reference:
    """The clean run, audited with clips extracted again; reused if it exists."""
    project = Project(folder)
    if (project.processed / "report.html").is_file():
        return Reference(project, digests(project))
    project = make_project(folder)
    done = project.run()
    verdict = judge(project, digests(project), again=True)
    if done.status or not verdict.is_good:
        raise SystemExit(f"the clean run failed (status {done.status}): {verdict.summary()}\n{done.output[-3000:]}")
    return Reference(project, digests(project))


def table(results: list[Result], took_s: float) -> str:
    """A Markdown table of all kinds and a line of totals."""
    lines = ["| kind | tried | as expected | rows accounted for |", "| --- | ---: | ---: | ---: |"]
    kinds = {kind: [result for result in results if result.kind == kind] for kind in _kinds(results)}
    lines += [f"| {kind} | {_counts(of_kind)} |" for kind, of_kind in kinds.items()]
    differing = sum(len(result.verdict.differing) for result in results)
    last = f"{took_s / 60:.0f} minutes; {differing} differing files"
    return "\n".join([*lines, f"| **all** | {_counts(results)} |", "", last])


def _kinds(results: list[Result]) -> list[str]:
    return list(dict.fromkeys(result.kind for result in results))


def _counts(results: list[Result]) -> str:
    good, rows = sum(result.is_good for result in results), sum(result.verdict.rows for result in results)
    accounted = sum(result.verdict.accounted for result in results)
    return f"{len(results)} | {good} | {accounted} of {rows}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="random seed (default: 1)")
    parser.add_argument("--kills", type=int, default=30, help="number of kills, of all kinds (default: 30)")
    parser.add_argument("--only", default="", help="only kinds whose name contains this")
    parser.add_argument("--at-once", type=int, default=2, help="injections at the same time (default: 2)")
    parser.add_argument("--folder", type=Path, help="working folder (default: a temporary folder)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
