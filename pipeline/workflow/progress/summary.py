"""The summary of a run: jobs done, clips computed and reused, quarantine, failures, and where the results are."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline.core.console import counted
from pipeline.core.paths import Layout
from pipeline.index.manifest import read_jsonl
from pipeline.workflow.progress.jobs import JobLog

_SHOWN = 3


def summary(jobs: JobLog, layout: Layout, datasets: Sequence[str]) -> str:
    """The whole summary.

    Args:
        jobs: the jobs of the run and how they ended.
        layout: paths of derived files.
        datasets: names of datasets with features of their own.
    """
    lines = [*_finished(jobs), *_quarantined(layout, datasets), *_failures(jobs), *_places(layout)]
    width = max(len(title) for title, _ in lines)
    return "\n".join(f"{title:{width}}  {text}".rstrip() for title, text in lines)


def _finished(jobs: JobLog) -> Iterator[tuple[str, str]]:
    yield "jobs", f"{len(jobs.done)} of {len(jobs.due)} done; everything else was up to date"
    groups: dict[str, Counter[str]] = {}
    for number in sorted(jobs.done | jobs.failed):
        job = jobs.due.get(number)
        if job is not None and job.clips:
            groups.setdefault(job.group.partition(" ")[2], Counter()).update(asdict(job.counts()))
    for group, clips in sorted(groups.items()):
        computed = counted(clips["computed"], "clip")
        yield "", f"{group}: {computed} computed, {clips['reused']} reused, {clips['failed']} failed"
    rules = Counter(jobs.due[number].rule for number in jobs.done if number in jobs.due)
    others = [f"{count} {rule}" for rule, count in sorted(rules.items()) if rule in ("pack", "train", "evaluate")]
    if others:
        yield "", ", ".join(others)


def _quarantined(layout: Layout, datasets: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in datasets:
        path = layout.dataset(name).quarantine
        if not path.is_file():
            continue
        rows = read_jsonl(path)
        if rows:
            clips = len({row["clip_id"] for row in rows})
            yield "quarantine", f"{name}: {counted(clips, 'clip')}, see {path}"
            # A reason begins with the file or clip it is about.
            reasons = Counter(row["reason"].partition(": ")[2] or row["reason"] for row in rows)
            yield from (("", f"{count} x {reason}") for reason, count in reasons.most_common(_SHOWN))


def _failures(jobs: JobLog) -> Iterator[tuple[str, str]]:
    for number in sorted(jobs.failed)[:_SHOWN]:
        job = jobs.due[number]
        yield "failed", f"{job.name}, see {job.log}" if job.log else job.name
    if len(jobs.failed) > _SHOWN:
        yield "", f"and {len(jobs.failed) - _SHOWN} more"
    waiting = len(jobs.due) - len(jobs.done) - len(jobs.failed)
    if jobs.failed and waiting:
        yield "", f"{counted(waiting, 'job')} not started because of that; the same command continues from here"


def _places(layout: Layout) -> Iterator[tuple[str, str]]:
    places: list[Path] = [path for path in (layout.report, layout.results) if path.is_file()]
    yield "results", ", ".join(map(str, places)) or str(layout.processed)
