import signal
import subprocess
import sys
import wave

import psutil
import pytest

from pipeline.core.errors import PipelineError
from pipeline.extraction import isolation
from pipeline.extraction.isolation import IsolatedExtractor
from pipeline.extraction.tasks import Failure, Task
from pipeline.media.span import MediaSpan
from pipeline.words.timed import TimedWord


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    """Three clips of a second each."""
    path = tmp_path_factory.mktemp("sound") / "clip.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(32000))
    words = (TimedWord("one", 0.0, 0.5),)
    return [Task(name, name, MediaSpan(path), text="one", given_words=words) for name in "abc"]


@pytest.fixture
def extractor():
    """A cheap one in a process of its own, with little patience."""
    with IsolatedExtractor("words_given", {}, limit_s=2.0) as extractor:
        yield extractor


def worker():
    (process,) = [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "hangs"])
def test_another_worker_does_the_clips_of_one_that(extractor, tasks, number):
    clean = [repr(outcome) for outcome in extractor.extract(tasks)]
    before = worker()
    before.send_signal(number)
    assert [repr(outcome) for outcome in extractor.extract(tasks)] == clean
    assert not before.is_running()
    assert worker().pid != before.pid


def test_a_clip_that_takes_too_long_twice_fails_with_its_reason(extractor, tasks, monkeypatch):
    monkeypatch.setattr(extractor, "_limit_s", 0.0)
    (outcome,) = extractor.extract(tasks[:1])
    assert isinstance(outcome, Failure)
    assert (outcome.stage, outcome.kind) == ("crash", "WorkerDied")
    assert "clip_limit_s" in outcome.reason


def test_a_worker_that_does_not_start_is_an_error_in_one_line(extractor, monkeypatch):
    monkeypatch.setattr(isolation, "_START_LIMIT_S", 0.0)
    with pytest.raises(PipelineError, match="hung while starting"):
        _ = extractor.ready


def test_the_process_that_waits_for_an_extractor_loads_no_decoder_and_no_settings():
    heavy = "{'av', 'pydantic', 'cv2', 'torch'}"
    code = f"import sys; import pipeline.steps.extract; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
