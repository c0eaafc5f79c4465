"""Statistics of borrowed labels: coverage, similarities, donors, values, consistency, best and worst examples."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from models.layers.universal_label import emotions_of, polarity_of
from pipeline.labels.assignment import FIELDS, LabelField, Labelled
from pipeline.labels.legacy import LegacyScore

#: Edges of the histogram of similarities.
_EDGES = np.round(np.linspace(-0.2, 1.0, 13), 1)
_EXAMPLES = 5
Borrowing = tuple[Labelled, LabelField]


def describe(labelled: Sequence[Labelled], legacy: Sequence[LegacyScore]) -> dict[str, Any]:
    """The report as plain values.

    Args:
        labelled: all rows of the union.
        legacy: the published rule's scores of the same rows.
    """
    return {
        "rows": len(labelled),
        "without_text": sum(not item.row.text for item in labelled),
        "coverage": list(_coverage(labelled)),
        "fields": {name: _field(labelled, name) for name in FIELDS if _borrowings(labelled, name)},
        "consistency": _consistency(labelled),
        "legacy_v3": list(_legacy(legacy)),
    }


def _borrowings(labelled: Sequence[Labelled], name: str) -> list[Borrowing]:
    return [(item, item.fields[name]) for item in labelled if item.fields[name].origin == "borrowed"]


def _coverage(labelled: Sequence[Labelled]) -> Iterator[dict[str, Any]]:
    """Rows of each dataset and split by origin of each field."""
    groups = sorted({(item.row.dataset, item.row.split) for item in labelled})
    for dataset, split in groups:
        rows = [item for item in labelled if (item.row.dataset, item.row.split) == (dataset, split)]
        for name in FIELDS:
            kinds = Counter(item.fields[name].origin or "none" for item in rows)
            counts = {kind: kinds[kind] for kind in ("gold", "rule", "borrowed", "none")}
            yield {"dataset": dataset, "split": split, "field": name, "rows": len(rows), **counts}


def _field(labelled: Sequence[Labelled], name: str) -> dict[str, Any]:
    borrowings = _borrowings(labelled, name)
    similarities = np.array([field.similarity for _, field in borrowings])
    counts, edges = np.histogram(similarities.clip(_EDGES[0], _EDGES[-1]), bins=_EDGES)
    return {
        "borrowed": len(borrowings),
        "similarity": {
            "mean": round(float(similarities.mean()), 4),
            "quartiles": [round(float(value), 4) for value in np.quantile(similarities, [0.25, 0.5, 0.75])],
            "histogram": [[float(edge), int(count)] for edge, count in zip(edges[:-1], counts, strict=True)],
        },
        "donors": _donor_reuse(borrowings),
        "values": _values(labelled, borrowings, name),
        "examples": _examples(borrowings),
    }


def _donor_reuse(borrowings: Sequence[Borrowing]) -> dict[str, Any]:
    uses = Counter(field.donor.key for _, field in borrowings if field.donor)
    busiest = sorted(uses.items(), key=lambda item: (-item[1], item[0]))[:_EXAMPLES]
    tenth = sorted(uses.values(), reverse=True)[: max(1, len(uses) // 10)]
    return {
        "distinct": len(uses),
        "largest_use": busiest[0][1],
        "mean_use": round(len(borrowings) / len(uses), 2),
        "share_of_busiest_tenth": round(sum(tenth) / len(borrowings), 4),
        "busiest": [{"donor": key, "uses": count} for key, count in busiest],
    }


def _values(labelled: Sequence[Labelled], borrowings: Sequence[Borrowing], name: str) -> list[dict[str, Any]]:
    """How often each value is borrowed, and how often the possible donors have it, by polarity."""
    gold = [item for item in labelled if item.fields[name].origin == "gold" and item.row.split == "train"]
    rows = []
    for polarity in ("negative", "positive"):
        lent = Counter(_bin(field.value) for item, field in borrowings if item.row.polarity == polarity)
        owned = Counter(_bin(item.fields[name].value) for item in gold if item.row.polarity == polarity)
        for value in sorted({*lent, *owned}):
            share, of_donors = (count[value] / max(1, count.total()) for count in (lent, owned))
            row = {"polarity": polarity, "value": value, "borrowed": lent[value]}
            rows.append({**row, "share": round(share, 4), "share_of_donors": round(of_donors, 4)})
    return rows


def _bin(value: int | str | None) -> str:
    """Emotions as they are, intensities by their whole part."""
    return f"{abs(value) // 10} to {abs(value) // 10 + 1}" if isinstance(value, int) else str(value)


def _examples(borrowings: Sequence[Borrowing]) -> dict[str, list[dict[str, Any]]]:
    """The most and the least similar pairs of different texts."""
    different = [(item, field) for item, field in borrowings if field.donor and field.donor.text != item.row.text]
    ordered = sorted(different, key=lambda pair: (-(pair[1].similarity or 0.0), pair[0].row.key))
    return {
        "best": [_example(*pair) for pair in ordered[:_EXAMPLES]],
        "worst": [_example(*pair) for pair in ordered[::-1][:_EXAMPLES]],
    }


def _example(item: Labelled, field: LabelField) -> dict[str, Any]:
    value = field.value / 10 if isinstance(field.value, int) else field.value
    donor = {"donor": field.donor.key, "donor_text": field.donor.text} if field.donor else {}
    return {"row": item.row.key, "text": item.row.text, "value": value, "similarity": field.similarity, **donor}


def _consistency(labelled: Sequence[Labelled]) -> dict[str, int]:
    """Counts that must be zero."""
    fields = [(item, name, field) for item in labelled for name, field in item.fields.items()]
    return {
        "wrong_sign": sum(
            isinstance(field.value, int) and polarity_of(field.value) != item.row.polarity for item, _, field in fields
        ),
        "emotion_against_polarity": sum(
            isinstance(field.value, str)
            and field.value not in emotions_of(name.removeprefix("emotion_"), item.row.polarity)
            for item, name, field in fields
        ),
        "donors_outside_train": sum(field.donor is not None and field.donor.split != "train" for *_, field in fields),
        "equal_ids": len(labelled) - len({item.row.key for item in labelled}),
    }


def _legacy(scores: Sequence[LegacyScore]) -> Iterator[dict[str, Any]]:
    for dataset, split in sorted({(score.row.dataset, score.row.split) for score in scores}):
        rows = [score for score in scores if (score.row.dataset, score.row.split) == (dataset, split)]
        donors = [score.donor for score in rows if score.donor]
        yield {
            "dataset": dataset,
            "split": split,
            "rows": len(rows),
            "wrong_sign": sum(score.has_wrong_sign for score in rows),
            "donors_outside_train": sum(donor.split != "train" for donor in donors),
        }
