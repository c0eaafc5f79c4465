"""Assign universal labels to every row of a union, and write a report on them.

example: python -m pipeline labels --union mosi_meld
"""

import json
import logging
from pathlib import Path

from pipeline.core.atomic_write import write_if_changed
from pipeline.core.paths import Layout
from pipeline.labels.assignment import assign
from pipeline.labels.embeddings import joined, read_embeddings
from pipeline.labels.legacy import legacy_scores
from pipeline.labels.markdown import page
from pipeline.labels.report import describe
from pipeline.labels.table import write_labels
from pipeline.labels.union_settings import read_union, read_union_settings

_log = logging.getLogger(__name__)


def run(*, union: str, processed: Path = Path("processed")) -> None:
    """Write ``labels.csv``, ``report.json`` and ``report.md``.

    Args:
        union: name of the union.
        processed: folder of derived files.

    Raises:
        PipelineError: settings, index or vectors are absent or damaged.
    """
    layout = Layout(processed)
    paths = layout.union(union)
    settings = read_union_settings(paths.settings)
    rows = read_union(settings, layout)
    encoder = layout.encoder(settings.encoder)
    vectors = joined([read_embeddings(encoder.embeddings(name)) for name in settings.datasets])
    labelled = assign(rows, vectors.of, settings.config.borrow)
    report = {"encoder": settings.encoder, **describe(labelled, legacy_scores(rows, vectors.of))}
    write_labels(paths.labels, labelled)
    write_if_changed(paths.report, (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())
    write_if_changed(paths.report.with_suffix(".md"), page(report, union).encode())
    _log.info("%s: %d rows", union, len(labelled))
