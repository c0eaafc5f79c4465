"""The jobs of a run that are due: which go on, which are done, which failed."""

import logging
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: The last line of an extraction's log, written by `pipeline.extraction.progress`.
_COUNTS = re.compile(r"(\d+)/\d+ clips, .*reused (\d+), computed (\d+), failed (\d+)")
#: Enough of a log's end to hold its last line.
_TAIL_BYTES = 500


@dataclass(frozen=True)
class Job:
    """One job that is due.

    Attributes:
        rule: its rule.
        wildcards: what its rule's wildcards stand for.
        log: where it writes.
        clips: how many clips it accounts for; 0 where it does not count clips.
    """

    rule: str
    wildcards: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    clips: int = 0

    @property
    def group(self) -> str:
        """What it is counted under: its rule; for extractions dataset and extractor too."""
        if self.rule != "extract":
            return self.rule
        return f"{self.rule} {self.wildcards['dataset']}/{self.wildcards['extractor']}"

    @property
    def name(self) -> str:
        """Rule and wildcards."""
        return " ".join([self.rule, "/".join(self.wildcards.values())]).strip()

    def counts(self) -> Counter[str]:
        """Clips done, reused, computed and failed so far, by its log."""
        if not self.clips or self.log is None or not self.log.is_file():
            return Counter()
        found = _COUNTS.findall(self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace"))
        names = ("done", "reused", "computed", "failed")
        return Counter(dict(zip(names, map(int, found[-1]), strict=True))) if found else Counter()


def job_of(snakemake_job: Any) -> Job:
    """What is to be known of a job of Snakemake's graph."""
    log = next(iter(map(str, snakemake_job.log)), None)
    return Job(
        rule=snakemake_job.rule.name,
        wildcards=dict(snakemake_job.wildcards_dict),
        log=Path(log) if log else None,
        clips=_clips([Path(str(path)) for path in snakemake_job.input]) if snakemake_job.rule.name == "extract" else 0,
    )


def _clips(inputs: list[Path]) -> int:
    """Rows of the manifests that an extraction reads; several kinds of manifests name the same clips."""
    rows: Counter[str] = Counter()
    for path in inputs:
        if path.suffix == ".jsonl" and path.is_file():
            rows[path.parent.name] += path.read_bytes().count(b"\n")
    return max(rows.values(), default=0)


class Progressing(logging.Handler):
    """Follows the jobs by what Snakemake logs, as its logger plugins do.

    Attributes:
        due: jobs by Snakemake's number.
        running: numbers of those that go on.
        done: numbers of those that ended well.
        failed: numbers of those whose last try failed.
    """

    def __init__(self, due: Mapping[int, Job]) -> None:
        """Begin with jobs that wait."""
        super().__init__()
        self.due = dict(due)
        self.running: set[int] = set()
        self.done: set[int] = set()
        self.failed: set[int] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Take in one event; all others are passed over."""
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
    """What kind of thing happened, in the words of Snakemake's logger plugins; empty for plain messages."""
    return str(getattr(getattr(record, "event", None), "value", ""))
