"""Sweeps: the best settings of a space on the valid split. The test split is not read."""

SWEEP = f"{PROCESSED}/{{dataset}}/sweeps/{{sweep}}"
TRIAL = f"{SWEEP}/{{trial}}/{{seed}}"


# Only the valid metrics of a trial are used; its weights are deleted.
use rule train as train_trial with:
    input:
        pack=lambda w: plan.paths(w.dataset).pack(plan.sweeps[w.sweep].pack, "h5"),
        card=lambda w: plan.paths(w.dataset).pack(plan.sweeps[w.sweep].pack, "json"),
        settings=f"{PROCESSED}/{{dataset}}/settings/sweeps/{{sweep}}/{{trial}}.json",
    output:
        weights=temp(f"{TRIAL}/best.safetensors"),
        config=f"{TRIAL}/config.yaml",
        history=f"{TRIAL}/history.csv",
        facts=f"{TRIAL}/train.json",
    log:
        f"{PROCESSED}/logs/sweeps/{{dataset}}/{{sweep}}/{{trial}}/{{seed}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/sweeps/{{dataset}}/{{sweep}}/{{trial}}/{{seed}}.tsv"


rule rank_trials:
    """The best settings of sweep {wildcards.sweep} for {wildcards.dataset}."""
    input:
        drawn=f"{PROCESSED}/{{dataset}}/settings/sweeps/{{sweep}}.json",
        facts=trial_facts,
    output:
        best=f"{SWEEP}/best.yaml",
        trials=f"{SWEEP}/trials.csv",
    log:
        f"{PROCESSED}/logs/sweeps/{{dataset}}/{{sweep}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/sweeps/{{dataset}}/{{sweep}}.tsv"
    localrule: True
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
        gpu=0,
    params:
        folder=lambda w, output: Path(output.best).parent,
    shell:
        "python -m pipeline sweep --trials {input.drawn:q} --folder {params.folder:q} > {log} 2>&1"
