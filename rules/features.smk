"""From manifests to features: one job per extractor and shard, then a gate that checks that no clip is missing."""


rule extract:
    """Features of {wildcards.dataset}, {wildcards.extractor}, shard {wildcards.shard}."""
    input:
        media=manifests("media"),
        text=manifests("text"),
        words=manifests("words"),
        settings=f"{PROCESSED}/{{dataset}}/settings/features/{{extractor}}.json",
    output:
        store=update(f"{PROCESSED}/{{dataset}}/features/{{extractor}}/{{shard}}.h5"),
        failed=f"{PROCESSED}/{{dataset}}/features/{{extractor}}/{{shard}}.failed.jsonl",
    log:
        f"{PROCESSED}/logs/extract/{{dataset}}/{{extractor}}/{{shard}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/extract/{{dataset}}/{{extractor}}/{{shard}}.tsv"
    priority: lambda w: plan.priority(w.extractor)
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
        gpu=lambda w: plan.extract_gpus(w.dataset, w.extractor),
    params:
        identity=lambda w: plan.identity(w.dataset, w.extractor),
        retry=plan.config.retry_quarantine,
    shell:
        "python -m pipeline extract --dataset {wildcards.dataset} --extractor {wildcards.extractor}"
        " --shard {wildcards.shard} --limit-s {plan.config.clip_limit_s}"
        " --raw {RAW:q} --processed {PROCESSED:q} > {log} 2>&1"


rule gate:
    """Check that {wildcards.extractor} stored or quarantined every clip of {wildcards.dataset}."""
    input:
        stores=lambda w: plan.stores(w.dataset, [w.extractor]),
        failed=lambda w: plan.indexes[w.dataset].failed(w.extractor),
        labels=f"{PROCESSED}/{{dataset}}/index/labels.jsonl",
    output:
        f"{PROCESSED}/{{dataset}}/quarantine/{{extractor}}.jsonl",
    log:
        f"{PROCESSED}/logs/gate/{{dataset}}/{{extractor}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/gate/{{dataset}}/{{extractor}}.tsv"
    localrule: True
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
        gpu=0,
    params:
        limit=plan.config.max_failed_fraction,
    shell:
        "python -m pipeline gate --dataset {wildcards.dataset} --extractor {wildcards.extractor}"
        " --processed {PROCESSED:q} --max-failed-fraction {params.limit} > {log} 2>&1"


rule quarantine:
    """All quarantined clips of {wildcards.dataset}, with reasons."""
    input:
        gates=lambda w: plan.gates(w.dataset, plan.extractors(w.dataset)),
        rejected=f"{PROCESSED}/{{dataset}}/index/rejected.jsonl",
    output:
        f"{PROCESSED}/{{dataset}}/quarantine.jsonl",
    log:
        f"{PROCESSED}/logs/quarantine/{{dataset}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/quarantine/{{dataset}}.tsv"
    localrule: True
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
        gpu=0,
    params:
        extractors=lambda w: " ".join(plan.extractors(w.dataset)),
    shell:
        "python -m pipeline quarantine --dataset {wildcards.dataset} --extractors {params.extractors}"
        " --processed {PROCESSED:q} > {log} 2>&1"
