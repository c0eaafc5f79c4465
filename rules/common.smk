"""The plan of the run, and functions for the inputs of rules. No rules here."""

from snakemake.logging import logger

from pipeline.config.training import model_version
from pipeline.corruptions.levels import LEVELS, MEDIA_MODALITY, at_level
from pipeline.core.errors import PipelineError
from pipeline.workflow.progress import Watch
from pipeline.core.parent_process import RUN_PID
from pipeline.workflow.job_files import Workflow
from pipeline.workflow.snakemake_fixes import drop_rate_limit

os.environ[RUN_PID] = str(os.getpid())  # a job ends with the process that started it


def planned():
    """The plan. A real run also locks the processed folder."""
    main, dry_run = workflow.is_main_process, workflow.output_settings.dryrun
    try:
        return Workflow(
            config, scan_now=main, lock=main and not dry_run, dry_run=dry_run
        )
    except PipelineError as error:
        raise WorkflowError(str(error))


plan = planned()
RAW = plan.config.raw
PROCESSED = plan.config.processed
watch = Watch(
    logger,
    plan.layout,
    [name for name in plan.datasets if not plan.indexes[name].is_imported],
)


def any_of(names):
    """A regular expression of these names; it matches nothing if there are none."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    dataset=any_of([*plan.scanned, *plan.joined]),
    union=any_of(plan.unions),
    extractor=any_of(plan.all_extractors),
    pack=any_of(
        sorted({pack for dataset in plan.datasets for pack in plan.packs(dataset)})
    ),
    model=any_of(plan.config.models),
    sweep=any_of(plan.sweeps),
    trial=r"\d+",
    shard="[0-9a-f]{3}",
    seed=r"\d+",
    corruption="|".join(MEDIA_MODALITY),
    level="|".join(map(str, LEVELS)),


def growing(amount):
    """A resource that doubles with every retry."""
    return lambda wildcards, attempt: amount * 2 ** (attempt - 1)


def train_threads():
    """Threads of a training; 1 on a cluster, where --cores is not given, unless the profile sets set-threads."""
    return plan.train_threads(
        workflow.resource_settings.cores if workflow.is_main_process else None
    )


def manifests(kind):
    return lambda w: plan.indexes[w.dataset].shard_manifests(kind, w.extractor, w.shard)


def pack_inputs(w):
    """Inputs of a pack: stores, gates, labels and texts; or the index entry of a ready-made pickle."""
    paths = plan.paths(w.dataset)
    if plan.indexes[w.dataset].is_imported:
        return [paths.manifest("packs", w.pack)]
    extractors = plan.pack_config(w.dataset, w.pack).all_extractors()
    return [
        paths.labels,
        paths.rejected,
        *plan.indexes[w.dataset].manifests("text"),
        *plan.stores(w.dataset, extractors),
        *plan.gates(w.dataset, extractors),
    ]


def all_packs():
    return [
        plan.paths(dataset).pack(pack, "pkl")
        for dataset in plan.datasets
        for pack in plan.packs(dataset)
    ] + [
        plan.paths(union).pack(pack, "pkl")
        for union in plan.joined
        for pack in plan.pack_configs
    ]


def quarantines():
    return [
        plan.paths(name).quarantine
        for name in plan.datasets
        if not plan.indexes[name].is_imported
    ]


def all_metrics():
    return [
        plan.paths(run.dataset).run(run.pack, run.model, run.seed) / "metrics.json"
        for run in plan.runs()
    ]


def trained_weights(w):
    """The weights of a trained encoder; none for an encoder that is used as published."""
    is_trained = w.encoder in plan.trained_encoders
    return plan.layout.encoder(w.encoder).weights if is_trained else []


def all_labels():
    paths = [plan.layout.union(name) for name in plan.unions]
    return [file for union in paths for file in (union.labels, union.quality)]


def all_scores():
    """Robustness scores of runs on datasets; runs on unions have none."""
    return [
        plan.paths(run.dataset).run(run.pack, run.model, run.seed) / "robustness.csv"
        for run in plan.runs()
        if run.dataset in plan.datasets
    ]


def curves():
    return [plan.layout.robustness] if plan.config.robustness else []


def model_of(w):
    """The model that a job trains, for a run or for a trial of a sweep."""
    return plan.sweeps[w.sweep].model if "sweep" in w.keys() else w.model


def trial_facts(w):
    """Results of all trials of a sweep on the valid split."""
    return [
        plan.paths(w.dataset).trial(w.sweep, trial, seed) / "train.json"
        for trial in plan.trials(w.dataset, w.sweep)
        for seed in plan.sweeps[w.sweep].seeds
    ]


def sweeps():
    return [
        plan.paths(dataset).sweep(name) / "best.yaml"
        for name, sweep in plan.sweeps.items()
        for dataset in sweep.datasets
    ]


def compared(w):
    """Metrics and predictions of all runs on a pack."""
    paths = plan.paths(w.dataset)
    return [
        paths.run(run.pack, run.model, run.seed) / name
        for run in plan.runs()
        if (run.dataset, run.pack) == (w.dataset, w.pack)
        for name in ("metrics.json", "predictions.csv")
    ]


def comparisons():
    return sorted(
        {f"{plan.layout.comparison(run.dataset, run.pack)}.md" for run in plan.runs()}
    )


def results():
    return plan.layout.results


def report_page():
    return plan.layout.report
