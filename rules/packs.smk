"""From features to packs, the input of the models."""


rule pack:
    """Pack {wildcards.pack} of {wildcards.dataset}."""
    input:
        pack_inputs,
        settings=f"{PROCESSED}/{{dataset}}/settings/packs/{{pack}}.json",
    output:
        multiext(
            f"{PROCESSED}/{{dataset}}/packs/{{pack}}",
            pkl=".pkl",
            h5=".h5",
            card=".json",
        ),
    log:
        f"{PROCESSED}/logs/pack/{{dataset}}/{{pack}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/pack/{{dataset}}/{{pack}}.tsv"
    wildcard_constraints:
        dataset=any_of(plan.scanned),
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
        gpu=0,
    shell:
        "python -m pipeline pack --dataset {wildcards.dataset} --pack {wildcards.pack}"
        " --raw {RAW:q} --processed {PROCESSED:q} > {log} 2>&1"


rule union_pack:
    """Pack {wildcards.pack} of all datasets of {wildcards.union}, under universal labels."""
    input:
        lambda w: plan.union_packs(w.union, w.pack),
        labels=f"{PROCESSED}/universal/{{union}}/labels.csv",
        settings=f"{PROCESSED}/universal/{{union}}/settings.json",
    output:
        multiext(
            f"{PROCESSED}/{{union}}/packs/{{pack}}",
            pkl=".pkl",
            h5=".h5",
            card=".json",
        ),
    log:
        f"{PROCESSED}/logs/pack/{{union}}/{{pack}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/pack/{{union}}/{{pack}}.tsv"
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
        gpu=0,
    shell:
        "python -m pipeline union_pack --union {wildcards.union} --pack {wildcards.pack}"
        " --processed {PROCESSED:q} > {log} 2>&1"
