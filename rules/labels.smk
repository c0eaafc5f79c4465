"""From texts and labels to universal labels. No video is read, so a union needs no features."""


rule simcse:
    """Train the sentence encoder {wildcards.encoder} on the train texts of its union."""
    input:
        lambda w: plan.union_texts(plan.trained_encoders[w.encoder]),
        lambda w: plan.layout.union(plan.trained_encoders[w.encoder]).settings,
        f"{PROCESSED}/universal/encoders/{{encoder}}/settings.json",
    output:
        weights=f"{PROCESSED}/universal/encoders/{{encoder}}/model/model.safetensors",
        facts=f"{PROCESSED}/universal/encoders/{{encoder}}/training.json",
    log:
        f"{PROCESSED}/logs/simcse/{{encoder}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/simcse/{{encoder}}.tsv"
    wildcard_constraints:
        encoder=any_of(plan.trained_encoders),
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
        gpu=0,
    params:
        union=lambda w: plan.trained_encoders[w.encoder],
    shell:
        "python -m pipeline simcse --union {params.union} --processed {PROCESSED:q} > {log} 2>&1"


rule embed:
    """Sentence vectors of {wildcards.dataset} by {wildcards.encoder}."""
    input:
        texts=lambda w: plan.indexes[w.dataset].manifests("text"),
        settings=f"{PROCESSED}/universal/encoders/{{encoder}}/settings.json",
        weights=trained_weights,
    output:
        update(
            f"{PROCESSED}/universal/encoders/{{encoder}}/embeddings/{{dataset}}.safetensors"
        ),
    log:
        f"{PROCESSED}/logs/embed/{{encoder}}/{{dataset}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/embed/{{encoder}}/{{dataset}}.tsv"
    wildcard_constraints:
        encoder="[a-z0-9-]+",
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
        gpu=0,
    shell:
        "python -m pipeline embed --dataset {wildcards.dataset} --encoder {wildcards.encoder}"
        " --processed {PROCESSED:q} > {log} 2>&1"


# Vectors are rewritten whenever a text changes, so they stand for the many text manifests here.
rule universal_labels:
    """Universal labels of {wildcards.union}."""
    input:
        labels=lambda w: plan.union_labels(w.union),
        vectors=lambda w: plan.embeddings(w.union, [plan.unions[w.union].encoder]),
        settings=f"{PROCESSED}/universal/{{union}}/settings.json",
    output:
        table=f"{PROCESSED}/universal/{{union}}/labels.csv",
        report=multiext(f"{PROCESSED}/universal/{{union}}/report", ".json", ".md"),
    log:
        f"{PROCESSED}/logs/labels/{{union}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/labels/{{union}}.tsv"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
        gpu=0,
    shell:
        "python -m pipeline labels --union {wildcards.union} --processed {PROCESSED:q} > {log} 2>&1"


rule label_quality:
    """Score borrowed labels of {wildcards.union} against hidden gold labels."""
    input:
        labels=lambda w: plan.union_labels(w.union),
        vectors=lambda w: plan.embeddings(w.union, plan.unions[w.union].encoders),
        settings=f"{PROCESSED}/universal/{{union}}/settings.json",
    output:
        multiext(f"{PROCESSED}/universal/{{union}}/quality", ".csv", ".md"),
    log:
        f"{PROCESSED}/logs/label_quality/{{union}}.log",
    benchmark:
        f"{PROCESSED}/benchmarks/label_quality/{{union}}.tsv"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
        gpu=0,
    shell:
        "python -m pipeline label_quality --union {wildcards.union} --processed {PROCESSED:q} > {log} 2>&1"
