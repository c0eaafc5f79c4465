"""Write the report page from the table of results, and print the table.

example: python -m pipeline report --results processed/results.csv --output processed/report.html
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline.atomic import atomic_path
from pipeline.errors import StoreError
from pipeline.manifest import read_jsonl
from pipeline.report.page import render
from pipeline.report.tables import over_seeds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--results", type=Path, default=Path("processed/results.csv"), help="table of all runs")
    parser.add_argument("--quarantines", nargs="*", type=Path, default=[], help="quarantine.jsonl of each dataset")
    parser.add_argument("--output", type=Path, default=Path("processed/report.html"), help="the page to write")


def run(*, results: Path, quarantines: Sequence[Path], output: Path) -> None:
    """Write the page.

    Args:
        results: table of all runs.
        quarantines: paths ``<processed>/<dataset>/quarantine.jsonl``.
        output: the page.

    Raises:
        StoreError: the table is absent or damaged.
    """
    try:
        frame = pd.read_csv(results)
    except (OSError, ValueError) as error:
        raise StoreError(f"{results}: no readable table of results ({error}); run: snakemake train_all") from error
    rows = {path.parent.name: read_jsonl(path) for path in quarantines}
    with atomic_path(output) as part:
        part.write_text(render(frame, rows), encoding="utf-8")
    print(over_seeds(frame).to_string(index=False))
