"""The summary of a run, from the events that Snakemake logs."""

import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from pipeline.core.paths import Layout
from pipeline.extraction.progress import Progress
from pipeline.index.manifest import to_jsonl
from pipeline.workflow.progress.jobs import Job, JobLog
from pipeline.workflow.progress.summary import summary


@pytest.fixture
def jobs(tmp_path):
    wildcards = {"dataset": "demo", "extractor": "face", "shard": "000"}
    counts = Layout(tmp_path).counts(**wildcards)
    with Progress("demo face 000", 4, counts) as progress:
        progress.add(reused=1, computed=2, failed=1)
    shard = Job("extract", wildcards, tmp_path / "000.log", clips=4, counts_file=counts)
    return JobLog({1: shard, 2: Job("gate", {"dataset": "demo"}, tmp_path / "gate.log"), 3: Job("pack")})


def log_event(jobs: JobLog, event: LogEvent, **numbers: int) -> None:
    logger = logging.Logger("run")
    logger.addHandler(jobs)
    logger.info("", extra={"event": event, **numbers})


def test_computed_reused_and_quarantined_clips_are_counted(jobs, tmp_path):
    for number in (1, 2, 3):
        log_event(jobs, LogEvent.JOB_INFO, jobid=number)
        log_event(jobs, LogEvent.JOB_FINISHED, job_id=number)
    log_event(jobs, LogEvent.JOB_FINISHED, job_id=99)  # a target without a command
    layout = Layout(tmp_path)
    quarantine = layout.dataset("demo").quarantine
    quarantine.parent.mkdir()
    quarantine.write_bytes(to_jsonl([{"clip_id": "a$_$1", "reason": "1.mp4: no video stream"}]))
    layout.results.write_text("")
    assert summary(jobs, layout, ["demo", "absent"]).splitlines() == [
        "jobs        3 of 3 done; everything else was up to date",
        "            demo/face: 2 clips computed, 1 reused, 1 failed",
        "            1 pack",
        f"quarantine  demo: 1 clip, see {quarantine}",
        "            1 x no video stream",
        f"results     {layout.results}",
    ]


def test_a_job_that_failed_is_named_with_its_log_unless_a_later_try_succeeds(jobs, tmp_path):
    for event, number in [(LogEvent.JOB_FINISHED, 1), (LogEvent.JOB_ERROR, 2)]:
        log_event(jobs, event, jobid=number)
    text = summary(jobs, Layout(tmp_path), [])
    assert f"failed   gate demo, see {tmp_path / 'gate.log'}" in text
    assert "1 job not started because of that" in text
    log_event(jobs, LogEvent.JOB_INFO, jobid=2)
    log_event(jobs, LogEvent.JOB_FINISHED, job_id=2)
    assert "failed  " not in summary(jobs, Layout(tmp_path), [])
