"""Follows a run: bars while it goes on, a summary at its end."""

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.core.paths import Layout
from pipeline.workflow.progress.jobs import JobLog, job_of
from pipeline.workflow.progress.summary import summary

if TYPE_CHECKING:
    from pipeline.workflow.progress.view import View


class Watch:
    """Follows one run of the workflow in Snakemake's main process."""

    def __init__(self, logger: logging.Logger, layout: Layout, datasets: Sequence[str]) -> None:
        """Prepare.

        Args:
            logger: Snakemake's.
            layout: paths of derived files.
            datasets: names of datasets whose quarantine the summary reports.
        """
        self._logger = logger
        self._layout = layout
        self._datasets = datasets
        self._jobs = JobLog({})
        self._view: View | None = None

    def begin(self, due: Iterable[Any]) -> None:
        """Follow these jobs of Snakemake's graph; on a terminal, show bars."""
        self._jobs = JobLog({job.jobid: job_of(job, self._layout) for job in due if job.rule.shellcmd})
        for job in self._jobs.due.values():
            if job.counts_file:
                job.counts_file.unlink(missing_ok=True)  # of an earlier run
        self._logger.addHandler(self._jobs)
        printed = next((handler for handler in self._logger.handlers if handler.name == "DefaultStreamHandler"), None)
        if isinstance(printed, logging.StreamHandler) and printed.stream.isatty():
            from pipeline.workflow.progress.view import View

            self._view = View(self._jobs, printed)
            self._view.start()

    def end(self) -> None:
        """Remove the bars and log the summary."""
        if self._view is not None:
            self._view.stop()
        self._logger.removeHandler(self._jobs)
        self._logger.info(summary(self._jobs, self._layout, self._datasets))
