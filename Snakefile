"""Triptych: raw video clips to features, packs, trained models and a report."""

import os
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

# Jobs start `python -m pipeline`: make that the interpreter Snakemake itself runs on.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
sys.path.insert(0, workflow.basedir)


configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/features.smk"
include: "rules/packs.smk"
include: "rules/labels.smk"
include: "rules/training.smk"
include: "rules/robustness.smk"
include: "rules/sweeps.smk"
include: "rules/report.smk"


localrules:
    train_all,
    packs,
    labels,
    sweep,
    report,


rule train_all:
    """Everything: features, packs, trained and evaluated models, tables, report."""
    default_target: True
    input:
        [results(), curves(), *comparisons(), report_page()] if plan.datasets else [],
        all_labels(),


rule packs:
    """Features and packs only."""
    input:
        all_packs(),
        quarantines(),


rule labels:
    """Universal labels of the configured unions, with reports; no video is read."""
    input:
        all_labels(),


rule sweep:
    """The best settings of every sweep, chosen on the valid split."""
    input:
        sweeps(),


rule report:
    """The report: one page of charts, tables and clip cards."""
    input:
        report_page(),


onstart:  # in the main process alone, and only if there is something to do
    drop_rate_limit(workflow.scheduler)
    watch.begin(workflow.dag.needrun_jobs())


onsuccess:
    watch.end()


onerror:
    watch.end()
