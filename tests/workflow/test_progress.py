"""The end of a run, told from the events that Snakemake logs."""

import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from pipeline.core.paths import Layout
from pipeline.index.manifest import to_jsonl
from pipeline.workflow.progress.jobs import Job, Progressing
from pipeline.workflow.progress.summary import summary

LINE = "demo face 000: {}/4 clips, 1.0 clips/s, reused {}, computed {}, failed {}\n"


@pytest.fixture
def jobs(tmp_path):
    log = tmp_path / "000.log"
    log.write_text(LINE.format(2, 1, 1, 0) + LINE.format(4, 1, 2, 1))
    shard = Job("extract", {"dataset": "demo", "extractor": "face", "shard": "000"}, log, clips=4)
    return Progressing({1: shard, 2: Job("gate", {"dataset": "demo"}, tmp_path / "gate.log"), 3: Job("pack")})


def tell(jobs: Progressing, event: LogEvent, **numbers: int) -> None:
    logger = logging.Logger("run")
    logger.addHandler(jobs)
    logger.info("", extra={"event": event, **numbers})


def test_what_was_made_reused_and_quarantined_is_counted(jobs, tmp_path):
    for number in (1, 2, 3):
        tell(jobs, LogEvent.JOB_INFO, jobid=number)
        tell(jobs, LogEvent.JOB_FINISHED, job_id=number)
    tell(jobs, LogEvent.JOB_FINISHED, job_id=99)  # a target without a command
    layout = Layout(tmp_path)
    quarantine = layout.dataset("demo").quarantine
    quarantine.parent.mkdir()
    quarantine.write_bytes(to_jsonl([{"clip_id": "a$_$1", "reason": "1.mp4: no video stream"}]))
    layout.results.write_text("")
    assert summary(jobs, layout, ["demo", "absent"]).splitlines() == [
        "made        3 of 3 jobs that were due; all else was up to date",
        "            demo/face: 2 clips computed, 1 reused, 1 failed",
        "            1 pack",
        f"quarantine  demo: 1 clip, see {quarantine}",
        "            1 x no video stream",
        f"look at     {layout.results}",
    ]


def test_a_job_that_failed_is_named_with_its_log_unless_a_later_try_succeeds(jobs, tmp_path):
    for event, number in [(LogEvent.JOB_FINISHED, 1), (LogEvent.JOB_ERROR, 2)]:
        tell(jobs, event, jobid=number)
    told = summary(jobs, Layout(tmp_path), [])
    assert f"failed   gate demo, see {tmp_path / 'gate.log'}" in told
    assert "1 job behind them not started" in told
    tell(jobs, LogEvent.JOB_INFO, jobid=2)
    tell(jobs, LogEvent.JOB_FINISHED, job_id=2)
    assert "failed  " not in summary(jobs, Layout(tmp_path), [])
