"""The published rule, version 3, with its faults; made to be compared with, never to be trained on.

Hu et al., "UniMSE", EMNLP 2022, released scripts, described in their effect: the nearest text of the same polarity
lends its value, whatever its split, so gold labels of the test split come into training; what MELD's rows borrow is
kept under dialogue and utterance number, which begin anew in every split, and is looked up among the positive rows
before the negative ones, so rows of equal number get each other's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.labels.assignment import Vectors
from pipeline.labels.neighbours import nearest
from pipeline.labels.utterances import Utterance


@dataclass(frozen=True)
class LegacyScore:
    """What the published rule gives one row.

    Attributes:
        row: a row without a gold intensity.
        score: intensity, not rounded; 0 where no polarity knows the row's number.
        donor: the row it came from.
    """

    row: Utterance
    score: float
    donor: Utterance | None

    @property
    def has_wrong_sign(self) -> bool:
        """The score's sign is not the row's polarity."""
        return {"negative": -1, "neutral": 0, "positive": 1}[self.row.polarity] != (self.score > 0) - (self.score < 0)


def legacy_scores(rows: Sequence[Utterance], vectors: Vectors) -> list[LegacyScore]:
    """Intensities of all rows that have none, by the published rule.

    Args:
        rows: of all datasets and splits; donors are those with a gold score.
        vectors: of rows with a text.
    """
    asking = [row for row in rows if row.tenths is None]
    by_number: dict[str, Utterance] = {}
    for polarity in ("negative", "positive"):  # the later one is looked up first
        by_number |= _nearest_donors(asking, rows, polarity, vectors)
    return [_score(row, by_number.get(row.published_id)) for row in asking]


def _nearest_donors(
    asking: Sequence[Utterance], rows: Sequence[Utterance], polarity: str, vectors: Vectors
) -> dict[str, Utterance]:
    """The nearest donor of each number; rows of equal number overwrite each other."""
    lacking = [row for row in asking if row.polarity == polarity and row.text]
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
