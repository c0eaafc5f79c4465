"""One fault in one copy of the reference: inject it, run again once, judge."""

import random
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tools.torture.outputs import Verdict, judge
from tools.torture.project import Project


@dataclass(frozen=True)
class Injection:
    """What a fault did.

    Attributes:
        told: where it struck, and how the run with the fault ended.
        target: what the rerun is asked for; None for everything.
        as_expected: the run with the fault ended as it should.
        compared: beginnings of the paths to compare; all of them if there are none.
    """

    told: str
    target: str | None = "packs"
    as_expected: bool = True
    compared: tuple[str, ...] = ()


Fault = Callable[[Project, random.Random, ExitStack], Injection]


@dataclass(frozen=True)
class Reference:
    """The clean run."""

    project: Project
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """How a trial ended."""

    kind: str
    told: str
    verdict: Verdict
    is_good: bool
    took_s: float = field(default=0.0, compare=False)

    def line(self) -> str:
        """The trial in one line."""
        outcome = "as expected" if self.is_good else f"NOT AS EXPECTED: {self.verdict.told()}"
        return f"{self.kind}: {self.told}: {outcome} ({self.took_s:.0f} s)"


def attempt(kind: str, fault: Fault, reference: Reference, folder: Path, chance: random.Random) -> Result:
    """Copy the reference, inject a fault, run once more, judge; the copy is kept where something is wrong."""
    started = time.monotonic()
    with ExitStack() as stack:
        project = reference.project.copy_to(folder)
        injection = fault(project, chance, stack)
        again = project.run(*([injection.target] if injection.target else []))
        verdict = judge(project, reference.digests, injection.compared)
        told = injection.told + (f"; the rerun gave status {again.status}" if again.status else "")
    is_good = verdict.is_good and injection.as_expected and again.status == 0
    if is_good:
        shutil.rmtree(folder)
    return Result(kind, told, verdict, is_good, time.monotonic() - started)
