"""Read label tables and raw folders, and write what changed to the index.

Snakemake does this by itself before it plans its jobs.
example: python -m pipeline scan --configfile config/config.yaml
"""

import argparse
from pathlib import Path

from pipeline.config.loading import read_yaml
from pipeline.workflow.job_files import Workflow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "--configfile",
        type=Path,
        default=Path("config/config.yaml"),
        help="what to build (default: config/config.yaml)",
    )


def run(*, configfile: Path) -> None:
    """Scan every configured dataset and resolve all settings.

    Raises:
        PipelineError: a dataset, a setting or a weight file is wrong or absent.
    """
    plan = Workflow(read_yaml(configfile), scan_now=True)
    for name, index in plan.indexes.items():
        summary = index.summary
        packs = f"ready-made packs: {', '.join(summary.packs)}" if summary.packs else f"{summary.clips} clips"
        print(f"{name}: {packs}, {summary.rejected} rows set aside, {summary.absent} media files absent")
