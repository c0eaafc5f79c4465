"""List the rows that the scan rejected and the clips that extractors failed on.

example: python -m pipeline quarantine --dataset demo --extractors bert egemaps face
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from pipeline.core.atomic_write import atomic_path
from pipeline.core.paths import Layout
from pipeline.index.manifest import quarantine_row, read_jsonl, to_jsonl

_log = logging.getLogger(__name__)


def run(*, dataset: str, extractors: Sequence[str], processed: Path = Path("processed")) -> None:
    """Write ``quarantine.jsonl``.

    Args:
        dataset: name of the dataset.
        extractors: names of the extractors whose failures are joined; each has passed its gate.
        processed: folder of derived files.

    Raises:
        StoreError: an extractor has not passed its gate, or its list is damaged.
    """
    paths = Layout(processed).dataset(dataset)
    rows = [quarantine_row(dataset, row) for row in read_jsonl(paths.rejected)]
    rows += [row for extractor in extractors for row in read_jsonl(paths.extractor_quarantine(extractor))]
    rows.sort(key=lambda row: (row["clip_id"], row["extractor"], row["reason"]))
    with atomic_path(paths.quarantine) as part:
        part.write_bytes(to_jsonl(rows))
    _log.info("%s: %d clips in the quarantine", dataset, len({row["clip_id"] for row in rows}))
