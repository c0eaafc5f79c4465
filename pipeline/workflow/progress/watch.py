"""What the Snakefile tells the start and the end of a run."""

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.core.paths import Layout
from pipeline.workflow.progress.jobs import Progressing, job_of
from pipeline.workflow.progress.summary import summary

if TYPE_CHECKING:
    from pipeline.workflow.progress.view import View


class Watch:
    """Follows one run of the workflow in Snakemake's main process."""

    def __init__(self, logger: logging.Logger, layout: Layout, datasets: Sequence[str]) -> None:
        """Prepare.

        Args:
            logger: Snakemake's.
            layout: where things lie.
            datasets: names of those whose quarantine is told at the end.
        """
        self._logger = logger
        self._layout = layout
        self._datasets = datasets
        self._jobs = Progressing({})
        self._view: View | None = None

    def begin(self, due: Iterable[Any]) -> None:
        """Follow these jobs of Snakemake's graph; on a terminal, show how far they are."""
        self._jobs = Progressing({job.jobid: job_of(job) for job in due if job.rule.shellcmd})
        self._logger.addHandler(self._jobs)
        printed = next((handler for handler in self._logger.handlers if handler.name == "DefaultStreamHandler"), None)
        if isinstance(printed, logging.StreamHandler) and printed.stream.isatty():
            from pipeline.workflow.progress.view import View

            self._view = View(self._jobs, printed)
            self._view.start()

    def end(self) -> None:
        """Stop showing, and tell what became of the jobs."""
        if self._view is not None:
            self._view.stop()
        self._logger.removeHandler(self._jobs)
        self._logger.info(summary(self._jobs, self._layout, self._datasets))
