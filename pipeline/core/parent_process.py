"""A job ends when the run that started it is gone."""

import os
import signal
import threading
import time

#: Environment variable: process id of the run that started a job.
RUN_PID = "TRIPTYCH_RUN_PID"
_POLL_S = 0.5


def end_with(pid: int) -> None:
    """End this process soon after another one has ended; its files are atomic, so none is left half-written."""
    threading.Thread(target=_watch, args=(pid,), daemon=True, name="end-with-run").start()


def _watch(pid: int) -> None:
    import psutil

    try:
        run = psutil.Process(pid)
        while run.is_running() and run.status() != psutil.STATUS_ZOMBIE:
            time.sleep(_POLL_S)
    except psutil.NoSuchProcess:
        pass
    os.kill(os.getpid(), signal.SIGTERM)
