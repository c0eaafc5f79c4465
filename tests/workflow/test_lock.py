import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from pipeline.core.errors import StoreError
from pipeline.workflow import lock

HOLD = (
    "import sys; from pathlib import Path; from pipeline.workflow.lock import lock_processed; "
    "lock_processed(Path(sys.argv[1])); input()"
)
WATCH = (
    "import sys, time; from pipeline.core.parent_process import end_with; end_with(int(sys.argv[1])); "
    "print(1, flush=True); "
)


@pytest.fixture
def start():
    """Start Python code with arguments; whatever still runs is killed in the end."""
    started = []

    def run(code, *arguments):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def wait_for_lock(folder):
    while not (folder / ".lock").is_file() or "process" not in (folder / ".lock").read_text():
        time.sleep(0.02)


def test_a_second_run_is_refused_in_one_line_that_names_the_first(tmp_path, start):
    first = start(HOLD, tmp_path)
    wait_for_lock(tmp_path)
    with pytest.raises(StoreError) as error:
        lock.lock_processed(tmp_path)
    message = f"another run uses it \\(process {first.pid} on {socket.gethostname()} since .* UTC\\); wait for it"
    assert re.search(message, str(error.value))
    assert "\n" not in str(error.value)


def test_a_killed_run_leaves_the_folder_free_and_its_unfinished_files_go(tmp_path, start):
    first = start(HOLD, tmp_path)
    wait_for_lock(tmp_path)
    left, other, alive = (
        tmp_path / f"x.h5@{name}.part"
        for name in (f"{socket.gethostname()}.{first.pid}", f"elsewhere.{first.pid}", f"{socket.gethostname()}.1")
    )
    for part in (left, other, alive):
        part.touch()
    first.send_signal(signal.SIGKILL)
    first.wait()
    lock.lock_processed(tmp_path)
    lock.lock_processed(tmp_path)  # one's own lock is no obstacle
    assert not left.exists()
    assert other.exists()
    assert alive.exists()


def test_a_folder_that_cannot_be_created_is_a_one_line_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be written .*; set processed: to another folder"):
        lock.lock_processed(tmp_path / "file" / "processed")


def test_a_job_ends_when_its_run_is_killed(start):
    run = start("input()")
    job = start(WATCH + "time.sleep(600)", run.pid)
    assert job.stdout.readline() == "1\n"
    run.kill()
    run.wait()
    assert job.wait(timeout=60) == -signal.SIGTERM


def test_a_job_goes_on_as_long_as_its_run(start):
    run = start("input()")
    job = start(WATCH + "time.sleep(2); sys.exit(7)", run.pid)
    assert job.wait(timeout=60) == 7
