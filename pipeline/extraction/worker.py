"""The process that decodes and extracts. A clip may crash it; its parent goes on."""

import logging
import os
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from pipeline.core import plugins
from pipeline.core.errors import ClipError, MediaError, PipelineError
from pipeline.core.extractor_facts import extractor_facts
from pipeline.core.parent_process import end_with
from pipeline.corruptions.media import BlurredVideo, noisy
from pipeline.extraction.messages import Ready, WorkerFault
from pipeline.extraction.tasks import Failure, Outcome, Success, Task
from pipeline.extractors._base import ClipInput, Extractor
from pipeline.features.features import validate_features
from pipeline.media.audio import Sound, load_sound
from pipeline.media.probe import probe
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video

#: Faults of the machine or the installation, not of a clip: they stop the job instead of filling the quarantine.
_GLOBAL = (OSError, MemoryError, ImportError)


def serve(connection: Connection, name: str, settings: Mapping[str, Any]) -> None:
    """Build the extractor, then answer each list of tasks with a list of outcomes until None comes."""
    logging.basicConfig(level=logging.WARNING)
    end_with(os.getppid())
    try:
        extractor = build(name, settings)
        connection.send(Ready(extractor.feature_names, extractor.batch_size))
        reads = extractor_facts(name).reads
        while (tasks := connection.recv()) is not None:
            connection.send([_length_s(task) for task in tasks])
            connection.send(process(extractor, reads, tasks))
        extractor.close()
    except EOFError:
        os._exit(1)  # the parent is gone
    except PipelineError as error:
        connection.send(WorkerFault(str(error), is_user_error=True))
    except Exception:  # noqa: BLE001 - the parent raises it
        connection.send(WorkerFault(traceback.format_exc(), is_user_error=False))


def process(extractor: Extractor, reads: Sequence[str], tasks: Sequence[Task]) -> list[Outcome]:
    """Decode and extract some clips; a clip that cannot be processed becomes a `Failure`."""
    loaded = [_load(task, reads) for task in tasks]
    clips = [clip for clip in loaded if isinstance(clip, ClipInput)]
    done = {outcome.clip_id: outcome for outcome in _extract_all(extractor, clips)}
    return [clip if isinstance(clip, Failure) else done[clip.clip_id] for clip in loaded]


def build(name: str, settings: Mapping[str, Any]) -> Extractor:
    """An extractor with its settings.

    Raises:
        PipelineError: it is unknown, or its weights are absent.
    """
    module = plugins.load("extractors", name)
    return module.extractor(module.Config(**settings))


def _length_s(task: Task) -> float:
    """Length of a clip by its header; 0 where there is none to go by."""
    try:
        if task.media and task.media.end_s is not None:
            return task.media.end_s - (task.media.start_s or 0.0)
        return probe(task.media.path).duration_s if task.media else 0.0
    except MediaError:
        return 0.0  # loading the clip reports it


def _load(task: Task, reads: Sequence[str]) -> ClipInput | Failure:
    try:
        if task.media_fault:
            raise MediaError(task.media_fault)
        if "text" in reads and not (task.text or "").strip():
            raise ClipError("the transcript is empty; expected at least one word")
        return ClipInput(
            clip_id=task.clip_id,
            text=task.text,
            language=task.language,
            given_words=task.given_words,
            before=task.before,
            after=task.after,
            sound=_sound(task, task.media) if task.media and "sound" in reads else None,
            video=_video(task, task.media) if task.media and "video" in reads else None,
        )
    except ClipError as error:
        return Failure(task.clip_id, "decode", type(error).__name__, str(error))


def _sound(task: Task, span: MediaSpan) -> Sound:
    corruption = task.corruption
    if corruption and corruption.name == "audio_noise":
        return noisy(load_sound(span), corruption, task.clip_id)
    return load_sound(span)


def _video(task: Task, span: MediaSpan) -> Video:
    corruption = task.corruption
    if corruption and corruption.name == "blur":
        return BlurredVideo(span, sigma=corruption.strength)
    return Video(span)


def _extract_all(extractor: Extractor, clips: Sequence[ClipInput]) -> list[Outcome]:
    if len(clips) > 1:
        try:
            return [
                _checked(extractor, clip.clip_id, features)
                for clip, features in zip(clips, extractor.extract_batch(clips), strict=True)
            ]
        except _GLOBAL:
            raise
        except Exception:
            logging.getLogger(__name__).debug("batch failed", exc_info=True)
    return [_extract_one(extractor, clip) for clip in clips]


def _extract_one(extractor: Extractor, clip: ClipInput) -> Outcome:
    try:
        return _checked(extractor, clip.clip_id, extractor.extract(clip))
    except _GLOBAL:
        raise
    except MediaError as error:
        return Failure(clip.clip_id, "decode", type(error).__name__, str(error))
    except ClipError as error:
        return Failure(clip.clip_id, "extract", type(error).__name__, str(error))
    except PipelineError:
        raise
    except Exception as error:  # noqa: BLE001 - a library failed on this clip; max_failed_fraction guards the rest
        return Failure(clip.clip_id, "extract", type(error).__name__, " ".join(str(error).split()))


def _checked(extractor: Extractor, clip_id: str, features: Any) -> Outcome:
    try:
        validate_features(features, num_features=len(extractor.feature_names))
    except ClipError as error:
        return Failure(clip_id, "validate", type(error).__name__, str(error))
    return Success(clip_id, features)
