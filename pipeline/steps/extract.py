"""Extract the features of one shard's clips; unchanged clips are not computed again.

With a corruption, only the test clips are computed, under processed/<dataset>/corrupted/.
example: python -m pipeline extract --dataset demo --extractor egemaps --shard 000
         python -m pipeline extract --dataset demo --extractor face --shard 000 --corruption blur --level 2
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import ConfigError, StoreError
from pipeline.core.extractor_facts import extractor_facts
from pipeline.core.fingerprints import digest, library_versions
from pipeline.core.paths import DatasetPaths, Layout
from pipeline.corruptions.levels import MEDIA_SOURCES, Corruption, CorruptionLevel, MediaCorruption, at_level
from pipeline.extraction.resolved import read_resolved
from pipeline.extraction.shard import ShardJob, update_shard
from pipeline.extraction.tasks import Task, failure_row, make_tasks
from pipeline.index.dataset_index import DatasetIndex
from pipeline.index.manifest import read_jsonl, to_jsonl


def run(
    *,
    dataset: str,
    extractor: str,
    shard: str,
    raw: Path = Path("raw"),
    processed: Path = Path("processed"),
    limit_s: float = 900.0,
    corruption: MediaCorruption | None = None,
    level: CorruptionLevel = 1,
) -> None:
    """Bring one shard's store up to date, and list the failed clips next to it.

    Args:
        dataset: name of a scanned dataset.
        extractor: name of the extractor.
        shard: number of the shard, in hexadecimal.
        raw: folder of the raw datasets.
        processed: folder of derived files.
        limit_s: time limit of a clip of up to 20 s, in seconds; in proportion for longer clips.
        corruption: corrupt the media of the test clips, and extract only those.
        level: strength of the corruption, 1 to 4.

    Raises:
        PipelineError: the dataset was not scanned, or the extractor cannot run.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process per core; threads of many jobs would thrash
    layout = Layout(processed)
    paths = layout.dataset(dataset)
    facts = extractor_facts(extractor)
    resolved = read_resolved(paths.extractor_settings(extractor))
    if resolved.version != facts.version:
        raise StoreError(
            f"{paths.extractor_settings(extractor)}: written for version {resolved.version} of {extractor}, the code "
            f"is version {facts.version}; run snakemake, or python -m pipeline scan"
        )
    under = _corruption(corruption, level, extractor) if corruption else None
    identity = _identity_under(resolved.identity, under) if under else resolved.identity
    target = paths.corrupted(under.name, level) if under else paths
    index = DatasetIndex(paths)
    tasks = make_tasks(
        media_rows=index.shard_rows("media", extractor, shard),
        text_rows=index.shard_rows("text", extractor, shard),
        words_rows=index.shard_rows("words", extractor, shard),
        reads=facts.reads,
        raw=raw / dataset,
        identity=identity,
    )
    if under:
        tasks = _test_tasks(paths, tasks, under)
    job = ShardJob(
        extractor=extractor,
        identity=identity,
        settings=resolved.all_settings,
        output=target.store(extractor, shard),
        title=" ".join([dataset, extractor, shard, *([under.name, str(level)] if under else [])]),
        limit_s=limit_s,
        counts=None if under else layout.counts(dataset, extractor, shard),
    )
    failures = update_shard(job, tasks)
    rows = [
        failure_row(failure, dataset=dataset, extractor=extractor, modality=facts.modality)
        for failure in sorted(failures, key=lambda failure: failure.clip_id)
    ]
    with atomic_path(target.failed(extractor, shard)) as part:
        part.write_bytes(to_jsonl(rows))


def _corruption(name: str, level: int, extractor: str) -> Corruption:
    corruption = at_level(name, level)
    reads = extractor_facts(extractor).reads
    if MEDIA_SOURCES.get(corruption.name) not in reads:
        raise ConfigError(f"{name} does not reach extractor {extractor}, which reads {', '.join(reads)}")
    return corruption


def _identity_under(identity: str, corruption: Corruption) -> str:
    return digest([identity, corruption.described(), library_versions(("numpy", "opencv-contrib-python"))])


def _test_tasks(paths: DatasetPaths, tasks: Sequence[Task], corruption: Corruption) -> list[Task]:
    test = {row["clip_id"] for row in read_jsonl(paths.test_clips)}
    return [replace(task, corruption=corruption) for task in tasks if task.clip_id in test]
