"""The section on models: scores, predictions, confusion, cost, ablation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.config.training import base_model
from pipeline.report.draw import plots
from pipeline.report.draw.curves import learning, robustness
from pipeline.report.draw.svg import MUTED, SERIES, Chart, canvas, chart
from pipeline.report.draw.tables import Cell, TableView, duration, of_frame, signed
from pipeline.report.gather.models import ModelFacts, mean_predictions, scores
from pipeline.results.tables import mean_sd_of
from pipeline.training.metrics import metric_named
from pipeline.training.run_folder import RunFolder


@dataclass(frozen=True)
class ModelView:
    """The template's data of the runs on a pack."""

    title: str
    tables: list[TableView]
    groups: list[tuple[str, list[Chart]]]


def draw_models(facts: ModelFacts) -> ModelView:
    """Charts and tables of the runs on a pack."""
    base = dict(list(facts.base.items())[:12])
    groups = [
        ("Predicted against true", [one for model, runs in base.items() for one in _predictions(facts, model, runs)]),
        ("Learning curves", [one for model, runs in base.items() if (one := learning(facts, model, runs))]),
        ("Ablation: variants of a model", _ablation(facts)),
        ("Robustness", robustness(facts)),
    ]
    return ModelView(
        f"{facts.dataset}, {facts.pack}",
        [_scores(facts), _cost(facts)],
        [(title, charts) for title, charts in groups if charts],
    )


def _scores(facts: ModelFacts) -> TableView:
    metrics = list(dict.fromkeys(name for runs in facts.runs.values() for run in runs for name in run.metrics["test"]))
    means = {
        model: {name: float(np.nanmean(scores(runs, "test", name))) for name in metrics}
        for model, runs in facts.runs.items()
    }
    best = {
        name: (max if metric_named(name).higher_is_better else min)(row[name] for row in means.values())
        for name in metrics
    }
    rows = []
    for model, runs in facts.runs.items():
        of_metrics = [_score(scores(runs, "test", name), is_best=means[model][name] == best[name]) for name in metrics]
        rows.append([Cell(model, model), Cell(str(len(runs)), len(runs), is_number=True), *of_metrics])
    chosen = f"Best on the validation split by {facts.main_metric.name}: {facts.best}. " if facts.best else ""
    note = f"{chosen}Mean ± sample standard deviation over seeds; the best of each column is bold."
    return TableView(f"Test scores on {facts.dataset}, {facts.pack}", ("model", "seeds", *metrics), rows, note)


def _score(values: np.ndarray, *, is_best: bool) -> Cell:
    valid = values[~np.isnan(values)]
    if not len(valid):
        return Cell("–", is_number=True)
    return Cell(mean_sd_of(valid), float(valid.mean()), is_best=is_best, is_number=True)


def _cost(facts: ModelFacts) -> TableView:
    rows = {
        model: {
            "epochs": np.mean([run.metrics.get("epochs", np.nan) for run in runs]),
            "best epoch": np.mean([run.metrics.get("best_epoch", np.nan) for run in runs]),
            "seconds per epoch": np.mean([run.metrics.get("seconds_per_epoch", np.nan) for run in runs]),
            "time of a run": duration(
                float(np.mean([run.metrics.get("seconds_per_epoch", 0) * run.metrics.get("epochs", 0) for run in runs]))
            ),
            "peak memory (MB)": max(run.metrics.get("peak_memory_mb", np.nan) for run in runs),
            "warnings": "; ".join(
                sorted({flag for run in runs for flag in run.metrics.get("flags", {}).get("test", [])})
            )
            or "–",
        }
        for model, runs in facts.runs.items()
    }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
    return of_frame(frame, "Training cost, mean over seeds", digits=3)


def _predictions(facts: ModelFacts, model: str, runs: Sequence[RunFolder]) -> list[Chart]:
    table = mean_predictions(runs)
    test = table[table["split"] == "test"]
    if test.empty or not isinstance(facts.families, str):
        return []
    if facts.families == "emotion" or not pd.api.types.is_numeric_dtype(test["prediction"]):
        return [_confusion(model, test["label"], test["prediction"], sorted(set(test["label"])))]
    pooled = pd.concat([run.predictions for run in runs if "prediction" in run.predictions])
    pooled = pooled[pooled["split"] == "test"]
    return [_scatter(facts, model, test), _rounded_confusion(facts, model, pooled)]


def _scatter(facts: ModelFacts, model: str, test: pd.DataFrame) -> Chart:
    figure, (axes,) = canvas(300, 280)
    low, high = facts.label_range
    axes.plot((low, high), (low, high), color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    if test["sd"].notna().any() and len(test) <= 200:
        axes.errorbar(
            test["label"], test["prediction"], test["sd"], fmt="none", ecolor=SERIES[0], elinewidth=0.8, alpha=0.5
        )
    axes.scatter(
        test["label"],
        test["prediction"],
        s=30 if len(test) < 200 else 8,
        color=SERIES[0],
        alpha=0.75,
        rasterized=len(test) > 1500,
    )
    edge = 1.08 * max(abs(low), abs(high), float(test["prediction"].abs().max()))
    axes.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")
    axes.set_xlabel("true sentiment")
    axes.set_ylabel("predicted, mean over seeds")
    r, error = test["label"].corr(test["prediction"]), (test["label"] - test["prediction"]).abs().mean()
    caption = f"{model}, {len(test):,} test clips: r = {r:.2f}, mean error {error:.2f}; bars are ± sd over seeds."
    return chart(figure, title=model, label=f"Predicted against true sentiment. {caption}", caption=caption)


def _rounded_confusion(facts: ModelFacts, model: str, pooled: pd.DataFrame) -> Chart:
    """Seven classes for labels to ±3, signs for others."""
    if facts.families == "mosi":
        limit = 3
        truth, guess = (pooled[name].clip(-limit, limit).round().astype(int) for name in ("label", "prediction"))
        return _confusion(model, truth, guess, list(range(-limit, limit + 1)))
    names = {-1: "negative", 0: "neutral", 1: "positive"}
    truth, guess = (
        np.sign(pooled[name].where(pooled[name].abs() > 0.1, 0)).map(names) for name in ("label", "prediction")
    )
    return _confusion(model, truth, guess, list(names.values()))


def _confusion(model: str, truth: pd.Series, guess: pd.Series, classes: list[Any]) -> Chart:
    table = pd.crosstab(truth, guess).reindex(index=classes, columns=classes, fill_value=0)
    if all(isinstance(one, int) for one in classes):
        table = table.set_axis([signed(f"{one:+d}") if one else "0" for one in classes], axis=0)
        table = table.set_axis(table.index, axis=1)
    figure, (axes,) = canvas(320, 280)
    plots.matrix(axes, table, xlabel="predicted", ylabel="true")
    right = float(np.trace(table.to_numpy())) / max(float(table.to_numpy().sum()), 1)
    caption = (
        f"{model}: {right:.0%} of the predictions are on the diagonal, over all seeds. Shades are shares of a row."
    )
    return chart(figure, title=f"{model}: confusion", label=f"Confusion matrix. {caption}", caption=caption)


def _ablation(facts: ModelFacts) -> list[Chart]:
    """For each model with variants: the main metric of the model and of each variant."""
    bases = sorted({base_model(model) for model in facts.variants})
    return [_variants(facts, base) for base in bases]


def _variants(facts: ModelFacts, base: str) -> Chart:
    metric = facts.main_metric
    by_model = {
        model: scores(runs, "test", metric.name) for model, runs in facts.runs.items() if base_model(model) == base
    }
    figure, (axes,) = canvas(380, 90 + 30 * len(by_model))
    for row, (model, values) in enumerate(by_model.items()):
        color = SERIES[0] if model == base else SERIES[1]
        axes.plot(values, np.full(len(values), row), "o", color=color, markersize=4, alpha=0.6)
        axes.plot([values.mean()], [row], "|", color=color, markersize=16, markeredgewidth=2.5)
    if base in by_model:
        axes.axvline(by_model[base].mean(), color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    axes.set_yticks(range(len(by_model)), [model.partition("@")[2] or "full model" for model in by_model])
    axes.set_ylim(len(by_model) - 0.5, -0.5)
    axes.set_xlabel(f"test {metric.name}{'' if metric.higher_is_better else ' (lower is better)'}")
    caption = f"{base} and its variants: every seed (dots) and their mean (bar)."
    shown = "; ".join(f"{model} {values.mean():.3f}" for model, values in by_model.items())
    return chart(figure, title=base, label=f"Test {metric.name} of variants: {shown}", caption=caption)


def draw_comparison(name: str, frame: pd.DataFrame) -> TableView:
    """A table of `compare`, or one with published figures."""
    first, rest = frame.columns[0], frame.columns[1:]
    return of_frame(
        frame.set_index(first)[list(rest)], f"Comparison: {name.replace('_', ' ')}", filterable=len(frame) > 12
    )
