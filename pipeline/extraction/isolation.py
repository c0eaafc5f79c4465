"""Runs an extractor in a process of its own, so that a crash of a native library does not end the job."""

import multiprocessing
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from pipeline.core.errors import PipelineError
from pipeline.extraction.messages import Ready, WorkerFault
from pipeline.extraction.tasks import Failure, Outcome, Task

#: Clips of up to this length have the same limit of time.
_USUAL_LENGTH_S = 20.0
#: Longest wait for one answer, whatever length a header claims.
_LONGEST_WAIT_S = 86_400.0
#: Weights may be on a slow disk.
_START_LIMIT_S = 900.0


class IsolatedExtractor:
    """An extractor in a process of its own, restarted after a crash. A context manager.

    If the process dies or takes too long, each clip of the batch is tried once more alone; a clip that fails again
    becomes a `Failure` of stage ``crash``. A clip of up to 20 s may take ``limit_s``, a longer one in proportion.
    """

    def __init__(self, name: str, settings: Mapping[str, Any], *, limit_s: float) -> None:
        """Prepare; the process starts at the first use."""
        self._name, self._settings, self._limit_s = name, settings, limit_s
        self._waited_s = limit_s  # the limit of the last answer
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._ready: Ready | None = None

    def __enter__(self) -> "IsolatedExtractor":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ask the process to end; kill it if it does not."""
        if self._connection and self._process and self._process.is_alive():
            with suppress(OSError):
                self._connection.send(None)
            self._process.join(10)
        self._stop()

    @property
    def ready(self) -> Ready:
        """Columns and batch size, once the extractor is built.

        Raises:
            PipelineError: the extractor could not be built.
        """
        if self._ready is None:
            self._start()
        if self._ready is None:
            raise PipelineError(f"extractor {self._name} did not start; run python -m pipeline doctor")
        return self._ready

    def extract(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Outcomes of some tasks, in their order."""
        outcomes = self._attempt(tasks)
        if outcomes is not None:
            return outcomes
        return [self._retry(task) for task in tasks]

    def _retry(self, task: Task) -> Outcome:
        outcomes = self._attempt([task])
        if outcomes is not None:
            return outcomes[0]
        reason = f"the extractor's process died twice on this clip, or took over {self._waited_s:g} s (clip_limit_s)"
        return Failure(task.clip_id, "crash", "WorkerDied", reason)

    def _attempt(self, tasks: Sequence[Task]) -> list[Outcome] | None:
        """Outcomes, or None if the process died or hung."""
        _ = self.ready
        try:
            answer = self._ask(list(tasks))
        except (EOFError, OSError, TimeoutError):
            self._stop()
            return None
        if isinstance(answer, WorkerFault):
            self._stop()
            raise _as_error(self._name, answer)
        return answer

    def _ask(self, tasks: list[Task]) -> Any:
        if self._connection is None:
            raise EOFError
        self._connection.send(tasks)
        lengths_s = self._receive(self._limit_s * len(tasks))  # a header may hang as well
        if isinstance(lengths_s, WorkerFault):
            return lengths_s
        return self._receive(self._limit_s * sum(max(1.0, length_s / _USUAL_LENGTH_S) for length_s in lengths_s))

    def _receive(self, limit_s: float) -> Any:
        if self._connection is None:
            raise EOFError
        self._waited_s = min(limit_s, _LONGEST_WAIT_S)
        if not self._connection.poll(self._waited_s):
            raise TimeoutError
        return self._connection.recv()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, child = context.Pipe()
        self._process = context.Process(target=_serve, args=(child, self._name, dict(self._settings)), daemon=True)
        self._process.start()
        child.close()
        try:
            answer = self._receive(_START_LIMIT_S)
        except (EOFError, OSError) as error:
            what = "hung" if isinstance(error, TimeoutError) else "died"
            self._stop()
            raise PipelineError(
                f"extractor {self._name} {what} while starting; start again, or run python -m pipeline doctor"
            ) from error
        if isinstance(answer, WorkerFault):
            raise _as_error(self._name, answer)
        self._ready = answer

    def _stop(self) -> None:
        if self._process is not None:
            if self._process.is_alive():
                self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = self._ready = None


def _serve(connection: Connection, name: str, settings: Mapping[str, Any]) -> None:
    """The target of the process; only it loads the libraries that decode."""
    from pipeline.extraction.worker import serve

    serve(connection, name, settings)


def _as_error(name: str, fault: WorkerFault) -> Exception:
    if fault.is_user_error:
        return PipelineError(fault.message)
    return RuntimeError(f"extractor {name} failed:\n{fault.message}")
