"""Parts of the workflow that can be removed and rebuilt, so that a fault can hit each of them cheaply."""

import json
import shutil
from dataclasses import dataclass

from tools.torture.project import Project

DEMO = "processed/demo"
RUN = f"{DEMO}/runs/unaligned_50/late_fusion/1"


@dataclass(frozen=True)
class Stage:
    """A part of the workflow.

    Attributes:
        name: what the table calls it.
        folders: what is removed to undo it.
        target: target for Snakemake; None for everything.
        work_s: about how long it computes, planning left out; faults strike within that time.
    """

    name: str
    folders: tuple[str, ...]
    target: str | None
    work_s: float

    def undo(self, project: Project) -> tuple[str, ...]:
        """Remove the output of the stage; returns the target that rebuilds it."""
        for folder in self.folders:
            shutil.rmtree(project.root / folder)
        return (self.target,) if self.target else ()


TEXT = Stage("text features", (f"{DEMO}/features/bert", f"{DEMO}/packs"), "packs", 7)
AUDIO = Stage("audio features", (f"{DEMO}/features/egemaps", f"{DEMO}/packs"), "packs", 3)
VISION = Stage("vision features", (f"{DEMO}/features/face", f"{DEMO}/packs"), "packs", 5)
PACK = Stage("pack", (f"{DEMO}/packs",), "packs", 2)
TRAINING = Stage("training", (RUN,), f"{RUN}/metrics.json", 7)
EVERYTHING = Stage("everything", ("processed", ".snakemake"), None, 35)


def spread_over(project: Project, manifests: int) -> None:
    """Fix the number of manifests before the first scan does."""
    index = project.processed / "demo" / "index"
    index.mkdir(parents=True)
    summary = {"manifests": manifests, "clips": 0, "rejected": 0, "absent": 0, "signature": "", "packs": []}
    (index / "summary.json").write_text(json.dumps(summary))
