"""Faults of the machine: full disks, little memory, hanging decoders, wrong clocks, folders that cannot be written."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from tools.torture import victims
from tools.torture.injection import Injection
from tools.torture.project import Project
from tools.torture.stages import AUDIO, EVERYTHING, PACK, TRAINING, VISION, spread_over

IS_ROOT = os.geteuid() == 0
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
_DAY_S = 86400


def disk_full(project: Project, chance: random.Random, stack: ExitStack) -> Injection:
    """A file system with a few kilobytes left; room is made before the rerun."""
    stage = chance.choice((AUDIO, VISION, PACK, TRAINING))
    target = stage.undo(project)
    _move_to_tmpfs(project.processed, stack, room=chance.randrange(16, 64) * 1024)
    done = project.run(*target)
    _mount("-o", "remount,size=256m", str(project.processed))
    description = f"{stage.name}; the run gave status {done.status}"
    return Injection(description, stage.target, as_expected=done.status == 1)


def files_too_large(project: Project, chance: random.Random, _: ExitStack) -> Injection:
    """A limit on the size of files, as a quota has it: writing fails half-way through a file."""
    stage = chance.choice((AUDIO, VISION, PACK, TRAINING))
    run = project.start(*stage.undo(project))
    limit = chance.randrange(8, 24) * 1024
    psutil.Process(run.pid).rlimit(psutil.RLIMIT_FSIZE, (limit, limit))
    done = project.finish(run)
    return Injection(f"{stage.name}; the run gave status {done.status}", stage.target, as_expected=done.status == 1)


def out_of_memory(project: Project, chance: random.Random, _: ExitStack) -> Injection:
    """A worker that gets no more memory from some point on."""
    stage = chance.choice((AUDIO, VISION))
    run = project.start(*stage.undo(project))
    worker = victims.wait_for(run, victims.workers, chance.uniform(0.5, stage.work_s / 2))
    if worker is not None:
        limit = worker.memory_info().vms + 2**20
        worker.rlimit(psutil.RLIMIT_AS, (limit, limit))
    done = project.finish(run)
    description = f"{stage.name}; the run gave status {done.status}"
    return Injection(description, stage.target, as_expected=worker is not None and done.status in (0, 1))


def hanging_decoder(project: Project, _: random.Random, __: ExitStack) -> Injection:
    """A worker that stops in the middle of a clip: it is killed at the time limit, and the clip extracted again."""
    project.configure(clip_limit_s=240)
    run = project.start(*VISION.undo(project))
    worker = _decoding(run)
    if worker is not None:
        worker.send_signal(signal.SIGSTOP)
    done = project.finish(run)
    ended = worker is not None and not worker.is_running()
    return Injection(f"{VISION.name}; the run gave status {done.status}", as_expected=ended and done.status == 0)


def second_snakemake(project: Project, _: random.Random, __: ExitStack) -> Injection:
    """Another run on the same folder is refused in one line, a dry run is not, the first one goes on."""
    first = project.start(*VISION.undo(project))
    victims.wait_for(first, victims.jobs, 0.0)
    second, dry = project.run("packs"), project.run("packs", "--dry-run")
    done = project.finish(first, log=0)
    refusals = [line for line in second.output.splitlines() if "another run uses it" in line]
    expected = (second.status, dry.status, done.status, len(refusals)) == (1, 0, 0, 1)
    description = f"refused with status {second.status}; status {dry.status} of a dry run, {done.status} of the first"
    return Injection(description, as_expected=expected)


def clock_ahead(project: Project, chance: random.Random, _: ExitStack) -> Injection:
    """The clock is three days ahead until Snakemake is killed, then right again: files come from the future."""
    stage = chance.choice((AUDIO, PACK))
    fake = {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME": "+3d", "DONT_FAKE_MONOTONIC": "1"}
    run = project.start(*stage.undo(project), **fake)
    victim = victims.wait_for(run, victims.itself, chance.uniform(2.0, 2.5 + stage.work_s))
    if victim is not None:
        victim.kill()
    done = project.finish(run)
    return Injection(f"{stage.name}; the run gave status {done.status}", stage.target)


def time_stamps(project: Project, chance: random.Random, _: ExitStack) -> Injection:
    """Every file's time is moved by up to ten days, back or forth; a run follows, then the rerun."""
    for path in sorted([*project.processed.rglob("*"), *(project.root / "raw").rglob("*")]):
        if path.is_file():
            moment = time.time() + chance.uniform(-10, 10) * _DAY_S
            os.utime(path, (moment, moment))
    done = project.run("packs")
    return Injection(f"all files; the run gave status {done.status}", as_expected=done.status == 0)


def read_only(project: Project, chance: random.Random, stack: ExitStack) -> Injection:
    """A folder of results that cannot be written: refused in one line, before any work."""
    stage = chance.choice((AUDIO, PACK))
    target, folder = stage.undo(project), str(project.processed)
    _mount("--bind", folder, folder)
    stack.callback(subprocess.run, ["umount", folder], check=True)
    _mount("-o", "remount,ro,bind", folder)
    done = project.run(*target)
    _mount("-o", "remount,rw,bind", folder)
    names_cause = "cannot be written" in done.output and "Traceback" not in done.output
    return Injection(f"the run gave status {done.status}", stage.target, as_expected=done.status == 1 and names_cause)


def one_core(project: Project, _: random.Random, __: ExitStack) -> Injection:
    """Rebuild everything on one core; the reference ran on two."""
    EVERYTHING.undo(project)
    done = project.run(cores=1)
    return Injection(f"the run gave status {done.status}", None, as_expected=done.status == 0)


def other_shards(project: Project, _: random.Random, __: ExitStack) -> Injection:
    """Rebuild everything up to the pack from two shards instead of one: same labels, quarantine and packs."""
    EVERYTHING.undo(project)
    spread_over(project, 2)
    done = project.run("packs")
    compared = ("demo/packs/", "demo/quarantine.jsonl", "demo/index/labels.jsonl")
    return Injection(f"the run gave status {done.status}", as_expected=done.status == 0, compared=compared)


def _decoding(run: subprocess.Popen) -> psutil.Process | None:
    """The first worker that has a video open."""
    while run.poll() is None:
        for worker in victims.workers(psutil.Process(run.pid)):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(file.path.endswith(".mp4") for file in worker.open_files()):
                    return worker
        time.sleep(0.05)
    return None


def _move_to_tmpfs(folder: Path, stack: ExitStack, *, room: int) -> None:
    """Put a folder's content on a file system of its own that has so many bytes left."""
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=256m", "tmpfs", str(folder))
    stack.callback(subprocess.run, ["umount", str(folder)], check=True)
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    shutil.rmtree(aside)
    usage = shutil.disk_usage(folder)
    _mount("-o", f"remount,size={usage.used + room}", str(folder))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
