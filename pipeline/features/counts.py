"""How many clips an extraction job has finished: a small file next to its log, for the workflow and the report."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.core.atomic_write import atomic_path


@dataclass
class ClipCounts:
    """How many clips of a job are finished, and how.

    Attributes:
        reused: clips whose features were up to date.
        computed: clips that were extracted.
        failed: clips that go to the quarantine.
    """

    reused: int = 0
    computed: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        """Clips that are finished."""
        return self.reused + self.computed + self.failed


def read_counts(path: Path) -> ClipCounts:
    """The counts that a job has written so far; all 0 if it has not."""
    try:
        return ClipCounts(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return ClipCounts()


def write_counts(path: Path, counts: ClipCounts) -> None:
    """Replace the counts of a job."""
    with atomic_path(path) as part:
        part.write_text(json.dumps(asdict(counts)))
