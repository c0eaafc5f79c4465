"""Update the index from label tables and raw folders.

Snakemake does this itself before it plans its jobs.
example: python -m pipeline scan --configfile config/config.yaml
"""

from pathlib import Path

from pipeline.config.loading import read_yaml
from pipeline.workflow.job_files import Workflow


def run(*, configfile: Path = Path("config/config.yaml")) -> None:
    """Scan every configured dataset and resolve all settings.

    Args:
        configfile: run settings.

    Raises:
        PipelineError: a dataset, a setting or a weight file is wrong or absent.
    """
    plan = Workflow(read_yaml(configfile), scan_now=True)
    for name, index in plan.indexes.items():
        summary = index.summary
        packs = f"ready-made packs: {', '.join(summary.packs)}" if summary.packs else f"{summary.clips} clips"
        print(f"{name}: {packs}, {summary.rejected} rows rejected, {summary.absent} media files absent")
