"""Quality of borrowed labels: gold fields are hidden, borrowed, and compared with the hidden values.

The hidden fields are those of the valid or test split; donors are the train rows of the same dataset, or of the other
datasets of the union. Polarity is known, as in use, and neutral rows, which are labelled by rule, are left out. Two
baselines use the same rows and donors: the most frequent emotion (the median intensity) of the polarity, and a random
donor of the polarity.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import f1_score

from pipeline.config.unions import BorrowConfig
from pipeline.labels.assignment import FIELDS, Vectors, borrow_field, donors_of, gold
from pipeline.labels.utterances import Utterance

#: Draws over which the random baseline is averaged.
_DRAWS = 20


@dataclass(frozen=True)
class HiddenLabels:
    """Hidden values of one dataset and field, and the predictions.

    Attributes:
        dataset: of the rows.
        field: the hidden field.
        donors: ``same`` dataset or ``other`` datasets.
        split: of the rows.
        asked: rows with a hidden value.
        truth: hidden values of the rows with a prediction.
        answers: predictions by method, one list per draw.
    """

    dataset: str
    field: str
    donors: str
    split: str
    asked: int
    truth: list[int | str]
    answers: dict[str, list[list[int | str]]]


def measure(rows: Sequence[Utterance], vectors: Vectors, settings: BorrowConfig, split: str) -> list[dict[str, object]]:
    """Scores of borrowing and of both baselines, one row per dataset, field, kind of donors and method.

    Args:
        rows: of all datasets and splits.
        vectors: of rows with a text.
        settings: how fields are borrowed.
        split: of the rows: ``valid`` to choose settings, ``test`` to report them.
    """
    hidden = _all_hidden(rows, vectors, settings, split)
    return [_scores(labels, method) for labels in hidden for method in labels.answers]


def _all_hidden(
    rows: Sequence[Utterance], vectors: Vectors, settings: BorrowConfig, split: str
) -> Iterator[HiddenLabels]:
    for dataset in sorted({row.dataset for row in rows}):
        for field in FIELDS:
            asked = [
                row
                for row in rows
                if (row.dataset, row.split) == (dataset, split) and row.text and gold(row, field) is not None
            ]
            for kind, is_donor in _KINDS.items():
                pool = [row for row in rows if is_donor(row, dataset)]
                hidden = _hidden(asked, pool, field, vectors, settings)
                if hidden:
                    yield HiddenLabels(dataset, field, kind, split, *hidden)


_KINDS: dict[str, Callable[[Utterance, str], bool]] = {
    "same": lambda row, dataset: row.dataset == dataset,
    "other": lambda row, dataset: row.dataset != dataset,
}


def _hidden(
    asked: Sequence[Utterance], pool: Sequence[Utterance], field: str, vectors: Vectors, settings: BorrowConfig
) -> tuple[int, list[int | str], dict[str, list[list[int | str]]]] | None:
    truth: list[int | str] = []
    answers: dict[str, list[list[int | str]]] = {
        "borrowed": [[]],
        "majority": [[]],
        "random": [[] for _ in range(_DRAWS)],
    }
    draw = np.random.default_rng(0)
    count = 0
    for polarity in ("negative", "positive"):
        rows = sorted((row for row in asked if row.polarity == polarity), key=lambda row: row.key)
        donors = donors_of(pool, field, polarity)
        if not donors:
            continue
        count += len(rows)
        borrowed = borrow_field(field, rows, donors, vectors, settings)
        given = [(row, item.value) for row, item in zip(rows, borrowed, strict=True) if item]
        values = [_own(donor, field) for donor in donors]
        truth += [_own(row, field) for row, _ in given]
        answers["borrowed"][0] += [value for _, value in given]
        answers["majority"][0] += [_commonest(values)] * len(given)
        for one in answers["random"]:
            one += [values[place] for place in draw.integers(len(values), size=len(given))]
    return (count, truth, answers) if truth else None


def _own(row: Utterance, field: str) -> int | str:
    """Gold of a row known to have it."""
    value = gold(row, field)
    return "" if value is None else value


def _commonest(values: Sequence[int | str]) -> int | str:
    """The best constant prediction: the mode of emotions, the median of intensities."""
    if isinstance(values[0], str):
        return max(sorted(Counter(values).items()), key=lambda item: item[1])[0]
    return sorted(int(value) for value in values)[len(values) // 2]


def _scores(hidden: HiddenLabels, method: str) -> dict[str, object]:
    scored = [_one_score(hidden.truth, answers) for answers in hidden.answers[method]]
    means = {name: round(float(np.mean([score[name] for score in scored])), 4) for name in scored[0]}
    facts = {name: getattr(hidden, name) for name in ("dataset", "field", "donors", "split")}
    return {**facts, "method": method, "rows": hidden.asked, "answered": len(hidden.truth), **means}


def _one_score(truth: Sequence[int | str], answers: Sequence[int | str]) -> dict[str, float]:
    if isinstance(truth[0], str):
        hits = np.mean([one == other for one, other in zip(truth, answers, strict=True)])
        weighted, macro = (f1_score(truth, answers, average=kind, zero_division=0) for kind in ("weighted", "macro"))
        return {"accuracy": float(hits), "weighted_f1": weighted, "macro_f1": macro}
    expected, answered = np.array(truth, float) / 10, np.array(answers, float) / 10
    return {"MAE": float(np.abs(expected - answered).mean()), "Corr_in_polarity": _correlation(expected, answered)}


def _correlation(expected: np.ndarray, answered: np.ndarray) -> float:
    """Pearson correlation after the mean of each polarity is subtracted, since signs are known; 0 for a constant."""
    centred = [values.copy() for values in (expected, answered)]
    for rows in (expected < 0, expected > 0):
        for values in centred:
            values[rows] -= values[rows].mean() if rows.any() else 0.0
    if min(values.std() for values in centred) < 1e-12:
        return 0.0
    return float(np.corrcoef(centred[0], centred[1])[0, 1])
