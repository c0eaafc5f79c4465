"""One view of a run on a terminal: a bar for each rule, and for each extractor of a dataset."""

import atexit
import logging
import sys
import threading
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining
from rich.text import Text

from pipeline.workflow.progress.jobs import JobLog, event_of

_EVERY_S = 1.0
#: Jobs report clips in bursts; the time left is estimated from the rate over this time.
_RATE_OVER_S = 120.0
#: Messages of Snakemake's about each job; its log file keeps them.
_IN_VIEW = {"job_info", "job_started", "job_finished", "progress", "shellcmd"}
_NOISE = "Select jobs to execute..."


class View:
    """Bars below everything else that is printed. `start` and `stop` it."""

    def __init__(self, jobs: JobLog, printed: logging.StreamHandler) -> None:
        """Prepare.

        Args:
            jobs: the jobs to show.
            printed: Snakemake's handler for the terminal; it skips what the bars show.
        """
        self._jobs = jobs
        self._printed = printed
        self._stream = printed.stream
        self._ended = threading.Event()
        self._settled: dict[int, int] = {}
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            _Amount(),
            _Rate(),
            TextColumn("eta"),
            Remaining(compact=True),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            refresh_per_second=2,
            speed_estimate_period=_RATE_OVER_S,
        )
        self._rows: dict[str, TaskID] = {}

    def start(self) -> None:
        """Draw from now on, in a thread."""
        self._bars.start()
        self._printed.setStream(sys.stderr)  # rich's by now, which writes above the bars
        self._printed.addFilter(_is_not_in_view)
        atexit.register(self.stop)
        threading.Thread(target=self._draw_until_ended, daemon=True).start()

    def stop(self) -> None:
        """Draw a last time and restore the terminal."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._draw()
        self._bars.stop()
        self._printed.setStream(self._stream)
        self._printed.removeFilter(_is_not_in_view)

    def _draw_until_ended(self) -> None:
        while not self._ended.wait(_EVERY_S):
            self._draw()

    def _draw(self) -> None:
        totals: Counter[str] = Counter()
        done: Counter[str] = Counter()
        for number, job in self._jobs.due.items():
            totals[job.group] += job.clips or 1
            done[job.group] += self._done(number)
        started = {self._jobs.due[number].group for number in self._jobs.running | self._jobs.done | self._jobs.failed}
        for group in (group for group in totals if group in started):
            if group not in self._rows:
                unit = "clips" if group.startswith("extract ") else "jobs"
                self._rows[group] = self._bars.add_task(group, total=totals[group], unit=unit)
            self._bars.update(self._rows[group], completed=done[group])

    def _done(self, number: int) -> int:
        job = self._jobs.due[number]
        if number in self._jobs.done:
            return job.clips or 1
        return job.counts().done if number in self._jobs.running else 0


def _is_not_in_view(record: logging.LogRecord) -> bool:
    return event_of(record) not in _IN_VIEW and record.msg != _NOISE


class _Amount(ProgressColumn):
    """Done and total, with their unit."""

    def render(self, task: Task) -> Text:
        """Draw."""
        return Text(f"{task.completed:,.0f} of {task.total or 0:,.0f} {task.fields['unit']}", justify="right")


class _Rate(ProgressColumn):
    """Clips per second since the first one started; empty for jobs."""

    def render(self, task: Task) -> Text:
        """Draw."""
        rate = task.completed / max(task.elapsed or 0.0, 1e-6)
        return Text(f"{rate:.1f} clips/s" if rate and task.fields["unit"] == "clips" else "", justify="right")
