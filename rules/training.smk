"""From packs to trained and evaluated models. Training never opens the test split; evaluation does, once."""

RUN = f"{PROCESSED}/{{dataset}}/runs/{{pack}}/{{model}}/{{seed}}"


rule train:
    """{wildcards.model} on {wildcards.dataset}/{wildcards.pack}, seed {wildcards.seed}."""
    input:
        pack=f"{PROCESSED}/{{dataset}}/packs/{{pack}}.h5",
        card=f"{PROCESSED}/{{dataset}}/packs/{{pack}}.json",
        settings=f"{PROCESSED}/{{dataset}}/settings/models/{{model}}.json",
    output:
        weights=f"{RUN}/best.safetensors",
        config=f"{RUN}/config.yaml",
        history=f"{RUN}/history.csv",
        facts=f"{RUN}/train.json",
    log:
        f"{PROCESSED}/logs/train/{{dataset}}/{{pack}}/{{model}}/{{seed}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/train/{{dataset}}/{{pack}}/{{model}}/{{seed}}.tsv"
    threads: train_threads()
    resources:
        mem_mb=growing(6000),
        runtime=growing(720),
        gpu=lambda w: plan.train_gpus(w.dataset, model_of(w)),
    params:
        model=model_of,
        version=lambda w: model_version(model_of(w)),
        folder=lambda w, output: Path(output.weights).parent,
    shell:
        "python -m pipeline train --pack {input.pack:q} --settings {input.settings:q} --model {params.model}"
        " --seed {wildcards.seed} --output {params.folder:q} --threads {threads} > {log} 2>&1"


rule evaluate:
    """Score {wildcards.model} on the test split of {wildcards.dataset}/{wildcards.pack}, seed {wildcards.seed}."""
    input:
        pack=f"{PROCESSED}/{{dataset}}/packs/{{pack}}.h5",
        weights=f"{RUN}/best.safetensors",
        config=f"{RUN}/config.yaml",
        facts=f"{RUN}/train.json",
    output:
        metrics=f"{RUN}/metrics.json",
        predictions=f"{RUN}/predictions.csv",
    log:
        f"{PROCESSED}/logs/evaluate/{{dataset}}/{{pack}}/{{model}}/{{seed}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/evaluate/{{dataset}}/{{pack}}/{{model}}/{{seed}}.tsv"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
        gpu=1 if plan.config.gpus else 0,
    params:
        folder=lambda w, output: Path(output.metrics).parent,
    shell:
        "python -m pipeline evaluate --pack {input.pack:q} --run-dir {params.folder:q} > {log} 2>&1"
