"""Workarounds for bugs in Snakemake. Each names the version that has the bug."""

from typing import Any


def drop_rate_limit(scheduler: Any) -> None:
    """Let the scheduler look for jobs only when one ends.

    With a limit of jobs per time span (its default is 100/1s, and there is no value for none), Snakemake 9.27 looks
    again one time span after each look. Every job that ends starts another such chain: after 400 jobs, 400 looks a
    second, and the main process takes a whole core.
    """
    scheduler.job_rate_limiter = None
