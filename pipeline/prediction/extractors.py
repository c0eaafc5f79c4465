"""The extractors of a run, each in its own process or all in this one."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Protocol

from pipeline.core.extractor_facts import extractor_facts
from pipeline.extraction.isolation import IsolatedExtractor
from pipeline.extraction.messages import Ready
from pipeline.extraction.tasks import Failure, Outcome, Success, Task
from pipeline.extraction.worker import build, process
from pipeline.features.store import Header
from pipeline.media.span import MediaSpan
from pipeline.packs.build.streams import ExtractedClip
from pipeline.prediction.clips import NewClip
from pipeline.prediction.recipe import Recipe

#: A clip that takes longer is treated as one that kills its process.
_LIMIT_S = 900.0


class _Extractor(Protocol):
    @property
    def ready(self) -> Ready: ...

    def extract(self, tasks: Sequence[Task]) -> list[Outcome]: ...


class _LocalExtractor:
    """An extractor in this process. It needs no main guard, but a clip that crashes it ends the script."""

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self._extractor = build(name, settings)
        self._reads = extractor_facts(name).reads
        self.ready = Ready(self._extractor.feature_names, self._extractor.batch_size)

    def __enter__(self) -> "_LocalExtractor":
        return self

    def __exit__(self, *_: object) -> None:
        self._extractor.close()

    def extract(self, tasks: Sequence[Task]) -> list[Outcome]:
        return process(self._extractor, self._reads, tasks)


class Extractors:
    """All extractors of a recipe; they stay loaded between clips. A context manager."""

    def __init__(self, recipe: Recipe, *, isolated: bool) -> None:
        """Start them.

        Args:
            recipe: extractors and their settings.
            isolated: run each in its own process, in parallel; a clip that kills one costs that clip only. The
                calling script needs a main guard.

        Raises:
            PipelineError: one of them cannot run.
        """
        self._recipe = recipe
        self._stack = ExitStack()
        self._extractors: dict[str, _Extractor] = {}
        with ExitStack() as started:
            for name, settings in recipe.extractors.items():
                extractor: Any = (
                    IsolatedExtractor(name, settings, limit_s=_LIMIT_S) if isolated else _LocalExtractor(name, settings)
                )
                self._extractors[name] = started.enter_context(extractor)
            threads = started.enter_context(ThreadPoolExecutor(len(self._extractors)))
            self._map = threads.map if isolated else map
            list(self._map(lambda extractor: extractor.ready, self._extractors.values()))
            self._stack = started.pop_all()

    def close(self) -> None:
        """End their processes."""
        self._stack.close()

    def extract(self, clips: Sequence[NewClip]) -> tuple[dict[str, list[ExtractedClip]], dict[str, dict[str, Failure]]]:
        """Features and failures by extractor; extractors that read text get no clip without text."""
        names = list(self._extractors)
        outcomes = self._map(lambda name: self._outcomes(name, clips), names)
        done: dict[str, list[ExtractedClip]] = {}
        failed: dict[str, dict[str, Failure]] = {}
        for name, results in zip(names, outcomes, strict=True):
            header = Header(name, self._recipe.identity(name), self._extractors[name].ready.feature_names)
            done[name] = [(item.clip_id, item.features, header) for item in results if isinstance(item, Success)]
            failed[name] = {item.clip_id: item for item in results if isinstance(item, Failure)}
        return done, failed

    def _outcomes(self, name: str, clips: Sequence[NewClip]) -> list[Outcome]:
        reads = extractor_facts(name).reads
        readable = [clip for clip in clips if clip.text or "text" not in reads]
        tasks = [_task(clip, reads, self._recipe.card.language) for clip in readable]
        return self._extractors[name].extract(tasks) if tasks else []


def _task(clip: NewClip, reads: Sequence[str], language: str) -> Task:
    is_media = bool({"sound", "video"} & set(reads))
    return Task(
        clip_id=clip.clip_id,
        key="",
        media=MediaSpan(clip.media) if is_media else None,
        text=clip.text if "text" in reads else None,
        language=language,
        given_words=clip.words if "words" in reads else None,
    )
