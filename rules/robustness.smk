"""Trained runs under corruptions. Blurred and noisy test clips are extracted once per dataset."""

CORRUPTED = f"{PROCESSED}/{{dataset}}/corrupted/{{corruption}}_{{level}}"


rule extract_corrupted:
    """Features of the test clips of {wildcards.dataset} under {wildcards.corruption} {wildcards.level}."""
    input:
        test=f"{PROCESSED}/{{dataset}}/index/test.jsonl",
        media=manifests("media"),
        text=manifests("text"),
        words=manifests("words"),
        settings=f"{PROCESSED}/{{dataset}}/settings/features/{{extractor}}.json",
    output:
        store=update(f"{CORRUPTED}/features/{{extractor}}/{{shard}}.h5"),
        failed=f"{CORRUPTED}/features/{{extractor}}/{{shard}}.failed.jsonl",
    log:
        f"{PROCESSED}/logs/corrupted/{{dataset}}/{{corruption}}_{{level}}/{{extractor}}/{{shard}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/corrupted/{{dataset}}/{{corruption}}_{{level}}/{{extractor}}/{{shard}}.tsv"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
        gpu=lambda w: plan.extract_gpus(w.dataset, w.extractor),
    params:
        identity=lambda w: plan.identity(w.dataset, w.extractor),
        corruption=lambda w: at_level(w.corruption, int(w.level)).described(),
        retry=plan.config.retry_quarantine,
    shell:
        "python -m pipeline extract --dataset {wildcards.dataset} --extractor {wildcards.extractor}"
        " --shard {wildcards.shard} --corruption {wildcards.corruption} --level {wildcards.level}"
        " --limit-s {plan.config.clip_limit_s} --raw {RAW:q} --processed {PROCESSED:q} > {log} 2>&1"


rule corrupt:
    """The test split of {wildcards.dataset}/{wildcards.pack} under {wildcards.corruption} {wildcards.level}."""
    input:
        stores=lambda w: plan.corrupted_stores(w.dataset, w.pack, w.corruption, w.level),
        pack=f"{PROCESSED}/{{dataset}}/packs/{{pack}}.h5",
        card=f"{PROCESSED}/{{dataset}}/packs/{{pack}}.json",
    output:
        f"{CORRUPTED}/packs/{{pack}}.h5",
    log:
        f"{PROCESSED}/logs/corrupt/{{dataset}}/{{corruption}}_{{level}}/{{pack}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/corrupt/{{dataset}}/{{corruption}}_{{level}}/{{pack}}.tsv"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
        gpu=0,
    params:
        limit=plan.config.max_failed_fraction,
    shell:
        "python -m pipeline corrupt --dataset {wildcards.dataset} --pack {wildcards.pack}"
        " --corruption {wildcards.corruption} --level {wildcards.level} --processed {PROCESSED:q}"
        " --max-failed-fraction {params.limit} > {log} 2>&1"


rule robustness:
    """{wildcards.model} on {wildcards.dataset}/{wildcards.pack}, seed {wildcards.seed}, under every corruption."""
    input:
        corrupted=lambda w: plan.corrupted_packs(w.dataset, w.pack),
        pack=f"{PROCESSED}/{{dataset}}/packs/{{pack}}.h5",
        card=f"{PROCESSED}/{{dataset}}/packs/{{pack}}.json",
        weights=f"{RUN}/best.safetensors",
        config=f"{RUN}/config.yaml",
    output:
        f"{RUN}/robustness.csv",
    log:
        f"{PROCESSED}/logs/robustness/{{dataset}}/{{pack}}/{{model}}/{{seed}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/robustness/{{dataset}}/{{pack}}/{{model}}/{{seed}}.tsv"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
        gpu=1 if plan.config.gpus else 0,
    params:
        folder=lambda w, input: Path(input.weights).parent,
    shell:
        "python -m pipeline robustness --pack {input.pack:q} --run-dir {params.folder:q} > {log} 2>&1"


rule curves:
    """Scores of all runs by level of each corruption."""
    input:
        all_scores(),
    output:
        plan.layout.robustness,
    log:
        f"{PROCESSED}/logs/curves.log",
    benchmark:
        f"{PROCESSED}/benchmarks/curves.tsv"
    localrule: True
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
        gpu=0,
    params:
        runs=sorted(str(run) for run in plan.runs()),
    shell:
        "python -m pipeline curves --scores {input:q} --output {output:q} > {log} 2>&1"
