"""Account for every clip: stored or quarantined, and not too many of the latter.

example: python -m pipeline gate --dataset demo --extractors bert egemaps face
"""

import argparse
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline import discovery
from pipeline.atomic import atomic_path
from pipeline.errors import PipelineError, StoreError
from pipeline.manifest import extractor_shards, read_jsonl, shard_name, to_jsonl
from pipeline.paths import DatasetPaths, Layout
from pipeline.scanning.summary import read_summary
from pipeline.store import StoreReader

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--extractors", nargs="+", required=True, help="extractors whose stores are checked")
    parser.add_argument(
        "--processed",
        type=Path,
        default=Path("processed"),
        help="folder of everything derived (default: processed)",
    )
    parser.add_argument(
        "--max-failed-fraction",
        type=float,
        default=0.05,
        help="largest part of the clips that may be in the quarantine (default: 0.05)",
    )


def run(*, dataset: str, extractors: Sequence[str], processed: Path, max_failed_fraction: float = 0.05) -> None:
    """Write ``quarantine.jsonl`` and check that no clip went missing.

    Args:
        dataset: name of the dataset.
        extractors: whose stores are checked.
        processed: folder of everything derived.
        max_failed_fraction: the run stops above this part of quarantined clips.

    Raises:
        StoreError: a clip is neither stored nor quarantined.
        PipelineError: too many clips are quarantined; the list is kept beside as ``quarantine.refused.jsonl``.
    """
    paths = Layout(processed).dataset(dataset)
    clips = {row["clip_id"] for row in read_jsonl(paths.labels)}
    failed = [row for extractor in extractors for row in _accounted(paths, extractor, clips)]
    rows = sorted([*_rejected(paths, dataset), *failed], key=lambda row: (row["clip_id"], row["extractor"]))
    lost = {row["clip_id"] for row in failed}
    if len(lost) > max_failed_fraction * len(clips):
        refused = paths.quarantine.with_suffix(".refused.jsonl")
        refused.write_bytes(to_jsonl(rows))
        raise PipelineError(_too_many(dataset, len(lost), len(clips), max_failed_fraction, rows, refused))
    paths.quarantine.with_suffix(".refused.jsonl").unlink(missing_ok=True)
    with atomic_path(paths.quarantine) as part:
        part.write_bytes(to_jsonl(rows))
    _log.info("%s: %d clips, %d in the quarantine", dataset, len(clips), len({row["clip_id"] for row in rows}))


def _accounted(paths: DatasetPaths, extractor: str, clips: set[str]) -> list[dict[str, Any]]:
    """Failed clips of an extractor, once stored and failed are known to be all clips."""
    stored: set[str] = set()
    failed: list[dict[str, Any]] = []
    for shard in _shards(paths, extractor):
        with StoreReader(paths.store(extractor, shard)) as reader:
            stored |= reader.ids()
        failed += read_jsonl(paths.failed(extractor, shard))
    known = stored | {row["clip_id"] for row in failed}
    if known != clips:
        missing, foreign = sorted(clips - known), sorted(known - clips)
        raise StoreError(
            f"{extractor}: {len(missing)} clips neither stored nor quarantined {missing[:3]}, {len(foreign)} stored "
            f"but not in the label table {foreign[:3]}; delete {paths.root / 'features' / extractor} and run again"
        )
    return failed


def _shards(paths: DatasetPaths, extractor: str) -> list[str]:
    summary = read_summary(paths.summary)
    if summary is None:
        raise StoreError(f"{paths.summary}: absent; run: python -m pipeline scan")
    count = extractor_shards(summary.manifests, discovery.literals("extractors", extractor)["SHARD_CLIPS"])
    return [shard_name(index) for index in range(count)]


def _rejected(paths: DatasetPaths, dataset: str) -> list[dict[str, Any]]:
    return [
        {
            "dataset": dataset,
            "clip_id": row["clip_id"],
            "extractor": "",
            "modality": "table",
            "stage": "scan",
            "kind": "RawDataError",
            "reason": f"{row['where']}: {row['reason']}",
        }
        for row in read_jsonl(paths.rejected)
    ]


def _too_many(dataset: str, lost: int, clips: int, limit: float, rows: Sequence[dict[str, Any]], refused: Path) -> str:
    stages = Counter(f"{row['extractor']} {row['stage']} {row['kind']}" for row in rows)
    common = ", ".join(f"{count} x {what}" for what, count in stages.most_common(4))
    return (
        f"{dataset}: {lost} of {clips} clips failed, more than max_failed_fraction {limit:g} allows ({common}); "
        f"reasons in {refused}; mend the files or raise the limit"
    )
