"""Write the report page and print the table of results.

Without trained models or raw media the page has fewer sections.
example: python -m pipeline report --processed processed --raw raw
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from pipeline.core.atomic_write import atomic_path
from pipeline.core.records import read_csv

_log = logging.getLogger(__name__)


def run(
    *,
    processed: Path = Path("processed"),
    raw: Path = Path("raw"),
    datasets: Sequence[str] = (),
    output: Path | None = None,
) -> None:
    """Write the page.

    Args:
        processed: folder of derived files.
        raw: folder of the raw datasets, for pictures and sound of the clip cards.
        datasets: names of datasets (default: all in the folder).
        output: the page to write (default: PROCESSED/report.html).

    Raises:
        StoreError: there is no such dataset, or a derived file is damaged.
    """
    from pipeline.report.page import make_page

    page = make_page(processed=processed, raw=raw, datasets=datasets or None)
    target = output or processed / "report.html"
    with atomic_path(target) as part:
        part.write_text(page, encoding="utf-8")
    _log.info("%s: %.1f MB", target, len(page.encode()) / 1e6)
    _print_results(processed / "results.csv")


def _print_results(path: Path) -> None:
    from pipeline.results.tables import over_seeds

    results = read_csv(path)
    if len(results):
        print(over_seeds(results).to_string(index=False))
