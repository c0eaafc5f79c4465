"""Check that an extractor stored or quarantined every clip, and did not quarantine too many.

example: python -m pipeline gate --dataset demo --extractor face
"""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import PipelineError, StoreError
from pipeline.core.paths import DatasetPaths, Layout
from pipeline.features.store import StoreReader
from pipeline.index.dataset_index import DatasetIndex, read_rows
from pipeline.index.manifest import read_jsonl, to_jsonl

_log = logging.getLogger(__name__)


def run(
    *, dataset: str, extractor: str, processed: Path = Path("processed"), max_failed_fraction: float = 0.05
) -> None:
    """Write ``quarantine/<extractor>.jsonl`` and check that no clip went missing.

    Args:
        dataset: name of the dataset.
        extractor: name of the extractor whose stores are checked.
        processed: folder of derived files.
        max_failed_fraction: largest fraction of the clips that may fail.

    Raises:
        StoreError: a clip is neither stored nor quarantined.
        PipelineError: too many clips failed; the list is in ``<extractor>.refused.jsonl``.
    """
    paths = Layout(processed).dataset(dataset)
    clips = {row["clip_id"] for row in read_jsonl(paths.labels)}
    rows = sorted(_failed(paths, extractor, clips), key=lambda row: row["clip_id"])
    target = paths.extractor_quarantine(extractor)
    refused = target.with_suffix(".refused.jsonl")
    if len(rows) > max_failed_fraction * len(clips):
        with atomic_path(refused) as part:
            part.write_bytes(to_jsonl(rows))
        raise PipelineError(
            f"{dataset}, {extractor}: {len(rows)} of {len(clips)} clips failed, more than max_failed_fraction "
            f"{max_failed_fraction:g} allows ({_most_common(rows)}); reasons in {refused}; "
            "fix the files or raise max_failed_fraction"
        )
    refused.unlink(missing_ok=True)
    with atomic_path(target) as part:
        part.write_bytes(to_jsonl(rows))
    _log.info("%s, %s: %d clips, %d of them failed", dataset, extractor, len(clips), len(rows))


def _failed(paths: DatasetPaths, extractor: str, clips: set[str]) -> list[dict[str, Any]]:
    """Failed clips, once stored and failed are known to be all clips."""
    stored: set[str] = set()
    index = DatasetIndex(paths)
    for store in index.stores(extractor):
        with StoreReader(store) as reader:
            stored |= reader.ids()
    failed = list(read_rows(index.failed(extractor)))
    known = stored | {row["clip_id"] for row in failed}
    if known != clips:
        missing, foreign = sorted(clips - known), sorted(known - clips)
        raise StoreError(
            f"{extractor}: {len(missing)} clips neither stored nor quarantined {missing[:3]}, {len(foreign)} stored "
            f"but not in the label table {foreign[:3]}; delete {paths.features / extractor} and run again"
        )
    return failed


def _most_common(rows: Sequence[dict[str, Any]]) -> str:
    kinds = Counter(f"{row['stage']} {row['kind']}" for row in rows)
    return ", ".join(f"{count} x {what}" for what, count in kinds.most_common(4))
