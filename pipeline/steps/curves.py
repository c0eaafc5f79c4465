"""Collect the robustness scores of all runs into one table.

example: python -m pipeline curves --scores processed/demo/runs/*/*/*/robustness.csv --output processed/robustness.csv
"""

from collections.abc import Sequence
from pathlib import Path

from pipeline.core.atomic_write import atomic_path


def run(*, scores: Sequence[Path], output: Path = Path("processed/robustness.csv")) -> None:
    """Write one row per model, corruption and metric.

    Args:
        scores: robustness.csv of each run, in ``<processed>/<dataset>/runs/<pack>/<model>/<seed>/``.
        output: the table to write.

    Raises:
        StoreError: a file is absent or damaged.
    """
    from pipeline.results.curves import collect, curves
    from pipeline.training.run_folder import RunFolder

    with atomic_path(output) as part:
        table = curves(collect(RunFolder(path.parent) for path in sorted(scores)))
        table.to_csv(part, index=False, float_format="%.6f", lineterminator="\n")
