"""How far a job is: a line on a terminal or in a log, and a file of its counts."""

import logging
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.features.counts import ClipCounts, write_counts

_EVERY_S = 10.0
_log = logging.getLogger(__name__)


@dataclass
class Progress:
    """Reports the counts of one job now and then. A context manager; call `add` as clips are done.

    Attributes:
        title: what the line calls the job.
        total: clips of the job.
        file: where the counts are written; None for nowhere.
    """

    title: str
    total: int
    file: Path | None = None
    counts: ClipCounts = field(default_factory=ClipCounts)
    _start: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)

    def __enter__(self) -> "Progress":
        """Begin."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Report the final counts."""
        if kind is None:
            self._report(final=True)

    def add(self, *, reused: int = 0, computed: int = 0, failed: int = 0) -> None:
        """Count clips, and report when it is time to."""
        self.counts.reused += reused
        self.counts.computed += computed
        self.counts.failed += failed
        if sys.stderr.isatty() or time.monotonic() - self._last > _EVERY_S:
            self._report(final=False)

    def line(self) -> str:
        """Clips done, clips per second, and what became of them."""
        counts = self.counts
        rate = (counts.computed + counts.failed) / max(time.monotonic() - self._start, 1e-6)
        return (
            f"{self.title}: {counts.done}/{self.total} clips, {rate:.1f} clips/s, "
            f"reused {counts.reused}, computed {counts.computed}, failed {counts.failed}"
        )

    def _report(self, *, final: bool) -> None:
        self._last = time.monotonic()
        if self.file:
            write_counts(self.file, self.counts)
        if sys.stderr.isatty():
            from rich.console import Console

            Console(stderr=True).print(self.line(), end="\n" if final else "\r", highlight=True)
        else:
            _log.info(self.line())
