"""Collect the metrics of all runs into one table.

example: python -m pipeline results --metrics processed/demo/runs/*/*/*/metrics.json --output processed/results.csv
"""

from collections.abc import Sequence
from pathlib import Path


def run(*, metrics: Sequence[Path] = (), output: Path = Path("processed/results.csv")) -> None:
    """Write one row per run.

    Args:
        metrics: metrics.json of each run, in ``<processed>/<dataset>/runs/<pack>/<model>/<seed>/``.
        output: the table to write.

    Raises:
        StoreError: a file is absent or damaged.
    """
    from pipeline.results.tables import collect, write_results
    from pipeline.training.run_folder import RunFolder

    write_results(output, collect(RunFolder(path.parent) for path in sorted(metrics)))
