"""Compare models: metrics over seeds, and significance of the differences."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.core.errors import StoreError
from pipeline.results.runs import ModelRuns
from pipeline.results.significance import holm, paired_difference, seed_p

#: Columns of the tests; the others are metrics and their standard deviations (``<metric>_sd``).
TESTED = ("difference", "low", "high", "p_clips", "p_clips_holm", "p_seeds", "p_seeds_holm")


def compare(runs: Sequence[ModelRuns], *, reference: str | None = None, by_video: bool = False) -> pd.DataFrame:
    """Metrics of each model over its seeds, and its difference to a reference model.

    The tests compare errors of clips. The error of a sentiment is the absolute error, whose mean is the MAE; that of an
    emotion is 1 if it is wrong, whose mean is 1 - accuracy.

    Args:
        runs: of the models, all tested on the same clips.
        reference: the model to compare with; None: the one with the smallest error.
        by_video: whether the test permutes the clips of a video together.

    Returns:
        One row per model, by ascending error, a given reference first: ``model``, ``seeds`` (their number), each metric
        and its sample standard deviation over the seeds, ``error``, ``reference`` (True in one row), and `TESTED`,
        empty for the reference. ``difference`` is negative if the model has a smaller error than the reference.

    Raises:
        StoreError: there are no runs, or the models were tested on different clips.
    """
    if not runs:
        raise StoreError("no evaluated runs to compare; run: snakemake --cores 4 train_all")
    against = _reference(runs, reference)
    for run in runs:
        if not run.errors.index.equals(against.errors.index):
            raise StoreError(f"{run.model} and {against.model} were tested on different clips; evaluate them again")
    rows = [_row(run, against, by_video=by_video) for run in runs]
    rows.sort(key=lambda row: (reference is not None and not row["reference"], row["error"], row["model"]))
    table = pd.DataFrame(rows)
    for name in ("p_clips", "p_seeds"):
        table[f"{name}_holm"] = holm(table[name].to_list())
    return table[[*(name for name in table.columns if name not in TESTED), *TESTED]]


def _reference(runs: Sequence[ModelRuns], name: str | None) -> ModelRuns:
    if name is None:
        return min(runs, key=lambda run: (run.clip_errors.mean(), run.model))
    return next(run for run in runs if run.model == name)


def _row(run: ModelRuns, against: ModelRuns, *, by_video: bool) -> dict[str, object]:
    row: dict[str, object] = {"model": run.model, "seeds": len(run.seeds)}
    for name in run.metrics.columns:
        row |= {name: run.metrics[name].mean(), f"{name}_sd": run.metrics[name].std(ddof=1)}
    row |= {"error": run.clip_errors.mean(), "reference": run is against} | dict.fromkeys(TESTED, np.nan)
    if run is against:
        return row
    clips = [str(clip) for clip in run.errors.index]
    groups = [clip.partition("$_$")[0] for clip in clips] if by_video else clips
    difference = paired_difference(run.clip_errors, against.clip_errors, groups)
    shared = [seed for seed in run.seeds if seed in against.seeds]
    means, others = run.errors[shared].mean().to_numpy(), against.errors[shared].mean().to_numpy()
    return row | {
        "difference": difference.mean,
        "low": difference.low,
        "high": difference.high,
        "p_clips": difference.p,
        "p_seeds": seed_p(means, others),
    }
