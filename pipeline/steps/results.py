"""Collect the metrics of all runs into one table.

example: python -m pipeline results --metrics processed/demo/runs/*/*/*/metrics.json --output processed/results.csv
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pipeline.results.tables import collect, write_results
from pipeline.training.run_folder import RunFolder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--metrics", nargs="*", type=Path, default=[], help="metrics.json of each run")
    parser.add_argument("--output", type=Path, default=Path("processed/results.csv"), help="the table to write")


def run(*, metrics: Sequence[Path], output: Path) -> None:
    """Write one row per run.

    Args:
        metrics: paths ``<processed>/<dataset>/runs/<pack>/<model>/<seed>/metrics.json``.
        output: the table.

    Raises:
        StoreError: a file is absent or damaged.
    """
    write_results(output, collect(RunFolder(path.parent) for path in sorted(metrics)))
