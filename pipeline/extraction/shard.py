"""One extractor over one shard: reuse clips whose key is unchanged, compute the rest, write the store."""

import logging
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.extraction.isolation import IsolatedExtractor
from pipeline.extraction.progress import Progress
from pipeline.extraction.tasks import Failure, Success, Task
from pipeline.features.store import Header, StoreEntry, StoreReader, open_if_usable, write_store

#: Most work that a killed job loses.
_FLUSH_S = 20.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardJob:
    """An extraction job without its clips.

    Attributes:
        extractor: name of the extractor.
        identity: fingerprint of its settings, weights and libraries.
        settings: its settings.
        output: the store to bring up to date.
        title: the job's name in its progress line.
        limit_s: longest time for a clip of up to 20 s, a longer one in proportion; taking more counts as a crash.
        counts: file of the counts of clips reused, computed and failed; None for none.
    """

    extractor: str
    identity: str
    settings: Mapping[str, Any]
    output: Path
    title: str
    limit_s: float
    counts: Path | None = None

    @property
    def spool(self) -> Path:
        """Finished clips of an unfinished job; a killed job continues from them."""
        return self.output.with_name(f"{self.output.stem}.spool")


def update_shard(job: ShardJob, tasks: Sequence[Task]) -> list[Failure]:
    """Bring the store up to date with the tasks.

    Args:
        job: the extractor and the store.
        tasks: one per clip of the shard, sorted by clip id.

    Returns:
        The clips that could not be processed.

    Raises:
        PipelineError: the extractor itself cannot run.
    """
    with Progress(job.title, len(tasks), job.counts) as progress:
        with ExitStack() as stack:
            stores = _reusable(stack, job, tasks)
            progress.add(reused=len(stores))
            missing = [task for task in tasks if task.clip_id not in stores]
            header, failures = _compute(job, missing, progress) if missing else (_old_header(job, stores), [])
        if header is None:  # the shard is empty
            header = Header(job.extractor, job.identity, ())
        with ExitStack() as stack:
            stores = _reusable(stack, job, tasks)
            clips = [
                StoreEntry(task.clip_id, task.key, reader=stores[task.clip_id])
                for task in tasks
                if task.clip_id in stores
            ]
            write_store(job.output, header, clips)
    shutil.rmtree(job.spool, ignore_errors=True)
    return failures


def _reusable(stack: ExitStack, job: ShardJob, tasks: Sequence[Task]) -> dict[str, StoreReader]:
    """Stores that contain a clip with its present key, by clip id."""
    stores: dict[str, StoreReader] = {}
    keys = {task.clip_id: task.key for task in tasks}
    for path in [job.output, *sorted(job.spool.glob("*.h5"))]:
        reader = open_if_usable(path)
        if reader is None:
            if path.is_file():
                _log.warning("%s is damaged or foreign; its clips are computed again", path.name)
            continue
        stack.enter_context(reader)
        stores.update({clip_id: reader for clip_id, key in reader.sound_keys().items() if keys.get(clip_id) == key})
    return stores


def _old_header(job: ShardJob, stores: Mapping[str, StoreReader]) -> Header | None:
    for reader in stores.values():
        return Header(job.extractor, job.identity, reader.header.feature_names)
    return None


def _compute(job: ShardJob, tasks: Sequence[Task], progress: Progress) -> tuple[Header, list[Failure]]:
    """Extract the clips into the spool."""
    failures: list[Failure] = []
    pending: list[StoreEntry] = []
    keys = {task.clip_id: task.key for task in tasks}
    with IsolatedExtractor(job.extractor, job.settings, limit_s=job.limit_s) as extractor:
        header = Header(job.extractor, job.identity, extractor.ready.feature_names)
        last = time.monotonic()
        for batch in _batches(tasks, extractor.ready.batch_size):
            for outcome in extractor.extract(batch):
                if isinstance(outcome, Success):
                    pending.append(StoreEntry(outcome.clip_id, keys[outcome.clip_id], outcome.features))
                    progress.add(computed=1)
                else:
                    failures.append(outcome)
                    progress.add(failed=1)
            if time.monotonic() - last > _FLUSH_S:
                pending, last = _flush(job, header, pending), time.monotonic()
        _flush(job, header, pending)
    return header, failures


def _flush(job: ShardJob, header: Header, pending: list[StoreEntry]) -> list[StoreEntry]:
    if pending:
        name = f"{len(list(job.spool.glob('*.h5'))):05d}.h5"
        write_store(job.spool / name, header, sorted(pending, key=lambda clip: clip.clip_id))
    return []


def _batches(tasks: Sequence[Task], size: int) -> Iterator[Sequence[Task]]:
    for start in range(0, len(tasks), size):
        yield tasks[start : start + size]
