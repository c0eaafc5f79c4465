"""Models beside each other: what each reaches, and which differences are more than chance."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.core.errors import StoreError
from pipeline.results.runs import ModelRuns
from pipeline.results.significance import holm, paired_difference, seed_p

#: Columns of the comparison beside the metrics and their standard deviations (``<metric>_sd``).
TESTED = ("difference", "low", "high", "p_clips", "p_clips_holm", "p_seeds", "p_seeds_holm")


def compare(runs: Sequence[ModelRuns], *, reference: str | None = None, by_video: bool = False) -> pd.DataFrame:
    """Metrics of each model over its seeds, and its difference to one of them.

    The quantity tested is the error of a clip: of a sentiment the absolute error, so that its mean is the MAE; of an
    emotion 1 if it is wrong, so that its mean is 1 - accuracy.

    Args:
        runs: the models, all tested on the same clips.
        reference: what the others are compared with; None: the model with the smallest error.
        by_video: whether clips of one video are flipped together in the test.

    Returns:
        One row per model, by rising error, a given reference first: ``model``, ``seeds`` (how many), each metric and
        its sample standard deviation over the seeds, ``error``, ``reference`` (True in one row), and `TESTED`, which is
        empty for the reference. ``difference`` is negative where the model errs less than the reference.

    Raises:
        StoreError: there are no runs, or the models were tested on different clips.
    """
    if not runs:
        raise StoreError("no evaluated runs to compare; run: snakemake train_all")
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
    found = paired_difference(run.clip_errors, against.clip_errors, groups)
    shared = [seed for seed in run.seeds if seed in against.seeds]
    means, others = run.errors[shared].mean().to_numpy(), against.errors[shared].mean().to_numpy()
    return row | {
        "difference": found.mean,
        "low": found.low,
        "high": found.high,
        "p_clips": found.p,
        "p_seeds": seed_p(means, others),
    }
