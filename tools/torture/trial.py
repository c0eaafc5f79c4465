"""One fault on one copy of the reference: disturb, run again once, judge."""

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
class Disturbed:
    """What a fault did.

    Attributes:
        told: where it struck, and how the disturbed run ended.
        target: what the rerun is asked for; None for everything.
        as_expected: the disturbed run ended as it should.
        compared: beginnings of the paths to compare; all of them if there are none.
    """

    told: str
    target: str | None = "packs"
    as_expected: bool = True
    compared: tuple[str, ...] = ()


Disturb = Callable[[Project, random.Random, ExitStack], Disturbed]


@dataclass(frozen=True)
class Reference:
    """The undisturbed run."""

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


def attempt(kind: str, disturb: Disturb, reference: Reference, folder: Path, chance: random.Random) -> Result:
    """Copy the reference, disturb it, run once more, judge; the copy is kept where something is wrong."""
    started = time.monotonic()
    with ExitStack() as stack:
        project = reference.project.copy_to(folder)
        disturbed = disturb(project, chance, stack)
        again = project.run(*([disturbed.target] if disturbed.target else []))
        verdict = judge(project, reference.digests, disturbed.compared)
        told = disturbed.told + (f"; the rerun gave status {again.status}" if again.status else "")
    is_good = verdict.is_good and disturbed.as_expected and again.status == 0
    if is_good:
        shutil.rmtree(folder)
    return Result(kind, told, verdict, is_good, time.monotonic() - started)
