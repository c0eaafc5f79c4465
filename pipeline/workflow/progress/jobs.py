"""The jobs of a run: which are running, done, failed."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.core.paths import Layout
from pipeline.features.counts import ClipCounts, read_counts


@dataclass(frozen=True)
class Job:
    """One job of a run.

    Attributes:
        rule: its rule.
        wildcards: values of its rule's wildcards.
        log: its log file.
        clips: its number of clips; 0 for a job that does not count clips.
        counts_file: where it writes how many clips are finished.
    """

    rule: str
    wildcards: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    clips: int = 0
    counts_file: Path | None = None

    @property
    def group(self) -> str:
        """The bar it belongs to: one for each rule; for extractions, one for each dataset and extractor."""
        if self.rule != "extract":
            return self.rule
        return f"{self.rule} {self.wildcards['dataset']}/{self.wildcards['extractor']}"

    @property
    def name(self) -> str:
        """Rule and wildcards."""
        return " ".join([self.rule, "/".join(self.wildcards.values())]).strip()

    def counts(self) -> ClipCounts:
        """Clips finished so far."""
        return read_counts(self.counts_file) if self.counts_file else ClipCounts()


def job_of(snakemake_job: Any, layout: Layout) -> Job:
    """The facts of a job of Snakemake's graph."""
    rule, wildcards = snakemake_job.rule.name, dict(snakemake_job.wildcards_dict)
    log = next((Path(str(path)) for path in snakemake_job.log), None)
    if rule != "extract":
        return Job(rule, wildcards, log)
    inputs = [Path(str(path)) for path in snakemake_job.input]
    return Job(rule, wildcards, log, _num_clips(inputs), layout.counts(**wildcards))


def _num_clips(inputs: list[Path]) -> int:
    """Rows of the manifests that an extraction reads; several kinds of manifests name the same clips."""
    rows: Counter[str] = Counter()
    for path in inputs:
        if path.suffix == ".jsonl" and path.is_file():
            rows[path.parent.name] += path.read_bytes().count(b"\n")
    return max(rows.values(), default=0)


class JobLog(logging.Handler):
    """Follows the jobs through Snakemake's log events, as a logger plugin does.

    Attributes:
        due: jobs by Snakemake's number.
        running: numbers of running jobs.
        done: numbers of successful jobs.
        failed: numbers of jobs whose last try failed.
    """

    def __init__(self, due: Mapping[int, Job]) -> None:
        """Begin with jobs that have not started."""
        super().__init__()
        self.due = dict(due)
        self.running: set[int] = set()
        self.done: set[int] = set()
        self.failed: set[int] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Record the start or the end of a job; ignore other events."""
        targets = {"job_info": self.running, "job_finished": self.done, "job_error": self.failed}
        target = targets.get(event_of(record))
        facts = vars(record)
        number = facts.get("jobid", facts.get("job_id"))
        if target is None or number not in self.due:
            return
        for numbers in targets.values():
            numbers.discard(number)
        target.add(number)


def event_of(record: logging.LogRecord) -> str:
    """Name of a log event of Snakemake's; empty for plain messages."""
    return str(getattr(getattr(record, "event", None), "value", ""))
