"""Measure a command from outside: CPU of all its processes, memory, files, clips begun."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_STEP_S = 0.1
#: Adding up a process's memory takes the kernel many milliseconds.
_MEMORY_STEP_S = 1.0
#: Suffixes of files with decoded pictures or sound.
_DECODED = frozenset({".bmp", ".png", ".jpg", ".wav"})


@dataclass(frozen=True)
class Place:
    """Where a command works.

    Attributes:
        folder: its working folder; its output goes to the file ``output`` there.
        media: folder of the clips it reads.
        environment: variables on top of this process's.
    """

    folder: Path
    media: Path
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Usage:
    """Resources used by a command.

    Attributes:
        cpu_s: CPU seconds of it and of every process that it, or one of these, waited for.
        wall_s: seconds by the clock.
        peak_mb: largest memory of all its processes at a time, sampled each second; shared pages count once (PSS).
        first_clip_s: seconds until a process that it started opened a second clip, so had finished the first.
        decoded_mb: files of decoded pictures and sound seen in its folder.
        written_mb: written to files, as counted by the kernel.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float
    first_clip_s: float
    decoded_mb: float
    written_mb: float


@dataclass
class _Samples:
    """Samples taken while a command runs."""

    peak_bytes: int = 0
    memory_read_s: float = 0.0
    clips: set[str] = field(default_factory=set)
    first_clip_s: float = float("nan")
    decoded: dict[Path, int] = field(default_factory=dict)

    def sample(self, process: psutil.Process, place: Place) -> None:
        """Add the current state of the processes and of the folder."""
        children = process.children(recursive=True)
        if time.perf_counter() - self.memory_read_s > _MEMORY_STEP_S:
            self.peak_bytes = max(self.peak_bytes, sum(_pss(one) for one in [process, *children]))
            self.memory_read_s = time.perf_counter()
        # The process itself may read clips only to hash them.
        self.clips |= {path for one in children for path in _opened(one) if Path(path).is_relative_to(place.media)}
        # os.walk passes over folders that are removed meanwhile.
        for path in (Path(folder, name) for folder, _, names in os.walk(place.folder) for name in names):
            if path.suffix in _DECODED:
                with suppress(FileNotFoundError):
                    self.decoded[path] = max(self.decoded.get(path, 0), path.stat().st_size)


def watch(command: Sequence[str], place: Place, *, kill_after: int | None = None) -> Usage:
    """Run a command to its end, or kill it and its processes as soon as it begins one more than this many clips."""
    process, started_s = _start(command, place), time.perf_counter()
    written = psutil.Process().io_counters().write_bytes
    samples = _Samples()
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        with suppress(psutil.Error):
            samples.sample(process, place)
        if len(samples.clips) > 1 and samples.first_clip_s != samples.first_clip_s:
            samples.first_clip_s = time.perf_counter() - started_s
        if kill_after is not None and len(samples.clips) > kill_after:
            _kill(process)
        time.sleep(_STEP_S)
    _, status, usage = ended
    if status and kill_after is None:
        raise SystemExit(f"{command[0]} failed:\n{(place.folder / 'output').read_text()[-3000:]}")
    return Usage(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=time.perf_counter() - started_s,
        peak_mb=samples.peak_bytes / 1e6,
        first_clip_s=samples.first_clip_s,
        decoded_mb=sum(samples.decoded.values()) / 1e6,
        # What a child wrote is added to its parent's account when it is waited for.
        written_mb=(psutil.Process().io_counters().write_bytes - written) / 1e6,
    )


def _start(command: Sequence[str], place: Place) -> psutil.Process:
    environment = {**os.environ, **place.environment}
    with (place.folder / "output").open("w") as output:
        started = subprocess.Popen(command, cwd=place.folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    started.returncode = 0  # waited for here, by os.wait4
    return psutil.Process(started.pid)


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.Error):
        for one in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                one.kill()


def _pss(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return process.memory_full_info().pss
    return 0


def _opened(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return [file.path for file in process.open_files()]
    return []
