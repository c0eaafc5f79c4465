"""From metrics to tables."""


rule results:
    """All runs in one table."""
    input:
        all_metrics(),
    output:
        results(),
    log:
        f"{PROCESSED}/logs/results.log",
    benchmark:
        f"{PROCESSED}/benchmarks/results.tsv"
    localrule: True
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
        gpu=0,
    params:
        runs=sorted(str(run) for run in plan.runs()),
    shell:
        "python -m pipeline results --metrics {input:q} --output {output:q} > {log} 2>&1"


rule report_page:
    """A page of charts, tables and clip cards."""
    input:
        results=results(),
        quarantines=quarantines(),
        packs=all_packs(),
        metrics=all_metrics(),
        robustness=all_scores() if plan.config.robustness else [],
        comparisons=comparisons(),
        labels=all_labels(),
    output:
        report(
            report_page(),
            category="Triptych",
            caption="../pipeline/report/templates/caption.rst",
        ),
    log:
        f"{PROCESSED}/logs/report.log",
    benchmark:
        f"{PROCESSED}/benchmarks/report.tsv"
    localrule: True
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
        gpu=0,
    params:
        datasets=sorted([*plan.datasets, *plan.joined]),
    shell:
        "python -m pipeline report --processed {PROCESSED:q} --raw {RAW:q} --datasets {params.datasets}"
        " --output {output:q} > {log} 2>&1"


rule compare:
    """Compare the models on {wildcards.dataset}/{wildcards.pack}."""
    input:
        compared,
    output:
        multiext(
            f"{PROCESSED}/compare/{{dataset}}.{{pack}}",
            csv=".csv",
            md=".md",
            tex=".tex",
        ),
    log:
        f"{PROCESSED}/logs/compare/{{dataset}}.{{pack}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/compare/{{dataset}}.{{pack}}.tsv"
    localrule: True
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
        gpu=0,
    params:
        models=plan.config.models,
        seeds=plan.config.seeds,
    shell:
        "python -m pipeline compare {wildcards.dataset} --pack {wildcards.pack} --models {params.models:q}"
        " --seeds {params.seeds} --processed {PROCESSED:q} > {log} 2>&1"
