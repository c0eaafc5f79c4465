"""Universal labels for all rows of a union: gold fields stay, missing ones are set by a rule or borrowed.

Rules, in this order, for each field (intensity, MELD emotion, IEMOCAP emotion):

1. A gold value stays.
2. A neutral row gets intensity 0 and the emotion neutral, if any dataset of the union has the field.
3. Any other row borrows from its most similar donors: train rows of the same polarity with a gold value.
4. Without a text, or without a similar donor, the field stays empty.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from models.layers.universal_label import POLARITIES, UniversalLabel
from pipeline.config.unions import BorrowConfig
from pipeline.labels.borrowing import Borrowed, borrow_emotions, borrow_intensities
from pipeline.labels.utterances import TAXONOMIES, Utterance

Origin = Literal["gold", "rule", "borrowed", ""]
#: Column names of the fields.
FIELDS = ("intensity", *(f"emotion_{taxonomy}" for taxonomy in TAXONOMIES))
#: Returns the vectors of rows with a text.
Vectors = Callable[[Sequence[Utterance]], Float[np.ndarray, "rows width"]]


@dataclass(frozen=True)
class LabelField:
    """One field of one row.

    Attributes:
        value: intensity in tenths, or an emotion; None if unknown.
        origin: of the value; empty if there is none.
        donor: the row it was borrowed from.
        similarity: cosine between the two texts.
        margin: similarity of that donor minus that of the next best.
    """

    value: int | str | None = None
    origin: Origin = ""
    donor: Utterance | None = None
    similarity: float | None = None
    margin: float | None = None


@dataclass(frozen=True)
class Labelled:
    """A row and its universal label.

    Attributes:
        row: the row.
        fields: by column name, in the order of ``FIELDS``.
    """

    row: Utterance
    fields: dict[str, LabelField]

    @property
    def label(self) -> UniversalLabel:
        """The label in the form that models use."""
        tenths, meld, iemocap = (self.fields[name].value for name in FIELDS)
        return UniversalLabel(self.row.polarity, tenths, meld, iemocap)  # type: ignore[arg-type]


def gold(row: Utterance, field: str) -> int | str | None:
    """A row's own value of a field."""
    return row.tenths if field == "intensity" else row.emotions.get(field.removeprefix("emotion_"))


def assign(rows: Sequence[Utterance], vectors: Vectors, settings: BorrowConfig) -> list[Labelled]:
    """Label every row.

    Args:
        rows: of all datasets and splits.
        vectors: of rows with a text.
        settings: how fields are borrowed.
    """
    rows = sorted(rows, key=lambda row: row.key)
    fields = {name: _field(name, rows, vectors, settings) for name in FIELDS}
    return [Labelled(row, {name: fields[name][place] for name in FIELDS}) for place, row in enumerate(rows)]


def donors_of(rows: Sequence[Utterance], field: str, polarity: str) -> list[Utterance]:
    """Rows that may lend a field, in the order that decides ties."""
    candidates = (row for row in rows if row.split == "train" and row.text and row.polarity == polarity)
    return sorted((row for row in candidates if gold(row, field) is not None), key=lambda row: row.key)


def borrow_field(
    field: str,
    rows: Sequence[Utterance],
    donors: Sequence[Utterance],
    vectors: Vectors,
    settings: BorrowConfig,
) -> Sequence[Borrowed[int] | Borrowed[str] | None]:
    """Borrow one field for rows of one polarity from donors of the same."""
    if not rows or not donors:
        return [None] * len(rows)
    values = [gold(donor, field) for donor in donors]
    if field == "intensity":
        return borrow_intensities(vectors(rows), vectors(donors), [int(value or 0) for value in values], settings)
    return borrow_emotions(vectors(rows), vectors(donors), [str(value) for value in values], settings)


def _field(name: str, rows: Sequence[Utterance], vectors: Vectors, settings: BorrowConfig) -> list[LabelField]:
    is_known = any(gold(row, name) is not None for row in rows)
    fields = [_without_donor(row, name, is_known=is_known) for row in rows]
    for polarity in POLARITIES:
        open_places = [
            place
            for place, row in enumerate(rows)
            if row.polarity == polarity != "neutral" and not fields[place].origin and row.text
        ]
        donors = donors_of(rows, name, polarity)
        borrowed = borrow_field(name, [rows[place] for place in open_places], donors, vectors, settings)
        for place, item in zip(open_places, borrowed, strict=True):
            if item is not None:
                fields[place] = LabelField(item.value, "borrowed", donors[item.donor], item.similarity, item.margin)
    return fields


def _without_donor(row: Utterance, name: str, *, is_known: bool) -> LabelField:
    value = gold(row, name)
    if value is not None:
        return LabelField(value, "gold")
    if row.polarity == "neutral" and is_known:
        return LabelField(0 if name == "intensity" else "neutral", "rule")
    return LabelField()
