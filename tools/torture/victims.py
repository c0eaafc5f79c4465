"""Processes of a run, and the moment at which one of them is hit."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator

import psutil

_LOOK_EVERY_S = 0.1


def jobs(run: psutil.Process) -> list[psutil.Process]:
    """Processes of jobs: ``python -m pipeline STEP``."""
    return [process for process in _below(run) if "-m pipeline" in _command(process) and "python" in process.name()]


def workers(run: psutil.Process) -> list[psutil.Process]:
    """Processes that decode and extract."""
    return [process for process in _below(run) if "spawn_main" in _command(process)]


def itself(run: psutil.Process) -> list[psutil.Process]:
    """Snakemake."""
    return [run]


def wait_for(
    run: subprocess.Popen, find: Callable[[psutil.Process], list[psutil.Process]], spent_s: float
) -> psutil.Process | None:
    """The first process found once it and its children have computed for so long; None if it ends before."""
    for process in _processes(run, find):
        while run.poll() is None:
            if computed_s(process) >= spent_s:
                return process
            if not process.is_running():
                break
            time.sleep(_LOOK_EVERY_S)
    return None


def computed_s(process: psutil.Process) -> float:
    """CPU time of a process and all its children, finished ones included; the machine's load does not count."""
    total = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += sum(each.cpu_times()[:4])
    return total


def _processes(
    run: subprocess.Popen, find: Callable[[psutil.Process], list[psutil.Process]]
) -> Iterator[psutil.Process]:
    """One process after another, each once, as they appear."""
    seen: set[int] = set()
    while run.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in find(psutil.Process(run.pid)):
                if process.pid not in seen:
                    seen.add(process.pid)
                    yield process
        time.sleep(_LOOK_EVERY_S)


def _below(run: psutil.Process) -> list[psutil.Process]:
    processes = []
    for process in run.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE and process.name():
                processes.append(process)
    return processes


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
