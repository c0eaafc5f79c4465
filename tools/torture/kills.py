"""kill -9 at a random point, and Ctrl-C."""

import os
import random
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

import psutil

from tools.torture import victims
from tools.torture.injection import Injection
from tools.torture.project import Project
from tools.torture.stages import AUDIO, EVERYTHING, PACK, TEXT, TRAINING, VISION, Stage

#: CPU seconds that Snakemake takes before its first job.
_PLANNING_S = 2.5
#: A victim that ends before its moment has come is tried again, earlier.
_ATTEMPTS = 4


def kill_worker(project: Project, chance: random.Random, _: ExitStack) -> Injection:
    """A process that decodes and extracts; the job goes on with another one."""
    return _struck(project, chance, (AUDIO, VISION, VISION, TEXT), victims.workers, _kill)


def kill_job(project: Project, chance: random.Random, _: ExitStack) -> Injection:
    """A job; Snakemake reports the failure, other jobs go on."""
    return _struck(project, chance, (AUDIO, VISION, TEXT, PACK, TRAINING), victims.jobs, _kill)


def kill_snakemake(project: Project, chance: random.Random, _: ExitStack) -> Injection:
    """Snakemake itself; its jobs end with it."""
    stages = (AUDIO, AUDIO, VISION, PACK, PACK, PACK, TRAINING, EVERYTHING)
    return _struck(project, chance, stages, victims.itself, _kill)


def interrupt(project: Project, chance: random.Random, _: ExitStack) -> Injection:
    """Ctrl-C at a terminal: all processes of the run get SIGINT."""
    done = _struck(project, chance, (AUDIO, VISION, TRAINING), victims.itself, _interrupt)
    return replace(done, as_expected=done.as_expected and "gave status 0" not in done.description)


def _struck(
    project: Project,
    chance: random.Random,
    stages: Sequence[Stage],
    find: Callable[[psutil.Process], list[psutil.Process]],
    strike: Callable[[psutil.Process], None],
) -> Injection:
    stage = chance.choice(stages)
    longest_s = stage.work_s + (_PLANNING_S if find is victims.itself else 0)
    for attempt in range(_ATTEMPTS):
        at_s = chance.uniform(0.05, longest_s / 2**attempt)
        run = project.start(*stage.undo(project))
        victim = victims.wait_for(run, find, at_s)
        if victim is not None:
            strike(victim)
        done = project.finish(run)
        if victim is not None:
            description = f"{stage.name} after {at_s:.2f} s of computing; the run gave status {done.status}"
            return Injection(description, target=stage.target, as_expected=done.status != _HUNG)
    return Injection(f"{stage.name}: ended before it was struck, {_ATTEMPTS} times", as_expected=False)


_HUNG = -14


def _kill(victim: psutil.Process) -> None:
    try:
        victim.kill()
    except psutil.NoSuchProcess:
        return


def _interrupt(victim: psutil.Process) -> None:
    os.killpg(victim.pid, signal.SIGINT)
