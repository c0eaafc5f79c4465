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
        description: where the fault was injected, and how that run ended.
        target: the target of the rerun; None for all.
        as_expected: the run with the fault ended as it should.
        compared: prefixes of the paths to compare; empty: all.
    """

    description: str
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
    """How the rerun after an injection ended."""

    kind: str
    description: str
    verdict: Verdict
    is_good: bool
    took_s: float = field(default=0.0, compare=False)

    def line(self) -> str:
        """The result in one line."""
        outcome = "as expected" if self.is_good else f"NOT AS EXPECTED: {self.verdict.summary()}"
        return f"{self.kind}: {self.description}: {outcome} ({self.took_s:.0f} s)"


def attempt(kind: str, fault: Fault, reference: Reference, folder: Path, chance: random.Random) -> Result:
    """Copy the reference, inject a fault, run again, judge; the copy is deleted if all is well."""
    started = time.monotonic()
    with ExitStack() as stack:
        project = reference.project.copy_to(folder)
        injection = fault(project, chance, stack)
        again = project.run(*([injection.target] if injection.target else []))
        verdict = judge(project, reference.digests, injection.compared)
        description = injection.description + (f"; the rerun gave status {again.status}" if again.status else "")
    is_good = verdict.is_good and injection.as_expected and again.status == 0
    if is_good:
        shutil.rmtree(folder)
    return Result(kind, description, verdict, is_good, time.monotonic() - started)
