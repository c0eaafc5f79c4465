"""Compare the models of a dataset: metrics over seeds and significance of differences.

Writes CSV, Markdown and LaTeX.
example: python -m pipeline compare demo
         python -m pipeline compare demo --ablation amccl      # a model and its variants
"""

from collections.abc import Sequence
from pathlib import Path

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import ConfigError, StoreError, nearest
from pipeline.core.paths import Layout


def run(
    dataset: str,
    *,
    pack: str | None = None,
    models: Sequence[str] = (),
    seeds: Sequence[int] = (),
    ablation: str | None = None,
    by_video: bool = False,
    processed: Path = Path("processed"),
    output: Path | None = None,
) -> None:
    """Write ``<output>.csv``, ``.md`` and ``.tex`` and print the Markdown.

    Args:
        dataset: a folder in processed/.
        pack: name of the pack (default: the only one with evaluated runs).
        models: models to compare (default: all evaluated models, or with ``ablation`` all variants of the model).
        seeds: seeds to include (default: all).
        ablation: compare this model with its variants MODEL@..., instead of all models with the best one.
        by_video: treat clips of one video as dependent in the significance test.
        processed: folder of derived files.
        output: path without suffix (default: processed/compare/<dataset>.<pack>).

    Raises:
        PipelineError: there are no such runs, or they cannot be compared.
    """
    from pipeline.results.comparison import compare
    from pipeline.results.runs import by_model, read_runs
    from pipeline.results.typeset import formats
    from pipeline.training.run_folder import RunFolder

    layout = Layout(processed)
    runs_folder = layout.dataset(dataset).runs
    runs = RunFolder.evaluated(runs_folder)
    pack = _pack(sorted({run.pack for run in runs}), pack, runs_folder)
    candidates = by_model(run for run in runs if run.pack == pack and (not seeds or run.seed in seeds))
    chosen = _chosen(list(candidates), models, ablation)
    table = compare([read_runs(model, candidates[model]) for model in chosen], reference=ablation, by_video=by_video)
    view = f"Ablation of {ablation}" if ablation else "Models"
    stem = output or layout.comparison(dataset, pack, ablation)
    for suffix, content in formats(table, f"{view} on {dataset}, pack {pack}"):
        with atomic_path(stem.with_name(f"{stem.name}.{suffix}")) as part:
            part.write_text(content, encoding="utf-8")
        if suffix == "md":
            print(content, end="")


def _pack(evaluated: Sequence[str], pack: str | None, runs: Path) -> str:
    """The pack named, or the only one."""
    if not evaluated:
        raise StoreError(f"{runs}: no evaluated runs; run: snakemake --cores 4 train_all")
    chosen = evaluated[0] if pack is None and len(evaluated) == 1 else pack
    if chosen is None or chosen not in evaluated:
        reason = f"no evaluated run on {pack}" if pack else "evaluated runs on several packs"
        raise ConfigError(f"{runs}: {reason}; choose one with --pack: {', '.join(evaluated)}")
    return chosen


def _chosen(evaluated: Sequence[str], models: Sequence[str], ablation: str | None) -> list[str]:
    for model in [*models, *([ablation] if ablation else [])]:
        if model not in evaluated:
            raise ConfigError(f"no evaluated run of '{model}' with these seeds; {nearest(model, list(evaluated))}")
    if ablation is None:
        return list(dict.fromkeys(models or evaluated))
    variants = [model for model in models or evaluated if model.startswith(f"{ablation}@")]
    if not variants:
        raise ConfigError(f"no evaluated variant of '{ablation}'; add '{ablation}@<variant>' to models, run: train_all")
    return [ablation, *variants]
