"""One line that tells how far a job is: a bar on a terminal, plain lines in a log."""

import logging
import sys
import time
from dataclasses import dataclass, field

_EVERY_S = 10.0
_log = logging.getLogger(__name__)


@dataclass
class Progress:
    """Counts of one job. A context manager; call `add` as clips are done."""

    title: str
    total: int
    reused: int = 0
    computed: int = 0
    failed: int = 0
    _start: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)

    def __enter__(self) -> "Progress":
        """Begin."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Tell the final counts."""
        if kind is None:
            self._tell(final=True)

    def add(self, *, reused: int = 0, computed: int = 0, failed: int = 0) -> None:
        """Count clips, and tell when it is time to."""
        self.reused += reused
        self.computed += computed
        self.failed += failed
        if sys.stderr.isatty() or time.monotonic() - self._last > _EVERY_S:
            self._tell(final=False)

    def line(self) -> str:
        """Clips done, clips per second, and what became of them."""
        done = self.reused + self.computed + self.failed
        rate = (self.computed + self.failed) / max(time.monotonic() - self._start, 1e-6)
        return (
            f"{self.title}: {done}/{self.total} clips, {rate:.1f} clips/s, "
            f"reused {self.reused}, computed {self.computed}, failed {self.failed}"
        )

    def _tell(self, *, final: bool) -> None:
        self._last = time.monotonic()
        if sys.stderr.isatty():
            from rich.console import Console

            Console(stderr=True).print(self.line(), end="\n" if final else "\r", highlight=True)
        else:
            _log.info(self.line())
