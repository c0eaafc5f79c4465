"""The published labelling rule, version 3, including its errors; for comparison only, not for training.

The released scripts of Hu et al., "UniMSE", EMNLP 2022, have this effect: each row takes the value of the nearest text
of the same polarity, from any split, so test labels leak into training. Values borrowed for MELD are stored by dialogue
and utterance number, which restart in every split, and positive rows are looked up first, so rows with equal numbers
get each other's values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.labels.assignment import Vectors
from pipeline.labels.neighbours import nearest
from pipeline.labels.utterances import Utterance


@dataclass(frozen=True)
class LegacyScore:
    """The published rule's score of one row.

    Attributes:
        row: a row without a gold intensity.
        score: intensity, not rounded; 0 if the row's number is unknown.
        donor: the row it came from.
    """

    row: Utterance
    score: float
    donor: Utterance | None

    @property
    def has_wrong_sign(self) -> bool:
        """Whether the score's sign differs from the row's polarity."""
        return {"negative": -1, "neutral": 0, "positive": 1}[self.row.polarity] != (self.score > 0) - (self.score < 0)


def legacy_scores(rows: Sequence[Utterance], vectors: Vectors) -> list[LegacyScore]:
    """Scores of all rows without a gold intensity, by the published rule.

    Args:
        rows: of all datasets and splits; donors are those with a gold score.
        vectors: of rows with a text.
    """
    unlabelled = [row for row in rows if row.tenths is None]
    by_number: dict[str, Utterance] = {}
    for polarity in ("negative", "positive"):  # the last one wins
        by_number |= _nearest_donors(unlabelled, rows, polarity, vectors)
    return [_score(row, by_number.get(row.published_id)) for row in unlabelled]


def _nearest_donors(
    unlabelled: Sequence[Utterance], rows: Sequence[Utterance], polarity: str, vectors: Vectors
) -> dict[str, Utterance]:
    """The nearest donor of each number; rows of equal number overwrite each other."""
    lacking = [row for row in unlabelled if row.polarity == polarity and row.text]
    donors = sorted(
        (row for row in rows if row.tenths is not None and row.polarity == polarity and row.text),
        key=lambda row: row.key,
    )
    if not lacking or not donors:
        return {}
    places = nearest(vectors(lacking), vectors(donors), 1).index[:, 0].tolist()
    return {row.published_id: donors[place] for row, place in zip(lacking, places, strict=True)}


def _score(row: Utterance, donor: Utterance | None) -> LegacyScore:
    return LegacyScore(row, donor.score or 0.0 if donor else 0.0, donor)
