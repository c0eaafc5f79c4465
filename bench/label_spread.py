"""Diversity of borrowed labels: ``python bench/label_spread.py --union mosi_meld [--processed processed]``.

A vote of several donors gives less varied labels. For each number of donors and each polarity, the table gives the
most common borrowed value with its share of rows, and the most common value among possible donors with its share.
Intensities are counted by their whole part.
"""

import argparse
from pathlib import Path

from pipeline.config.unions import BorrowConfig
from pipeline.core.paths import Layout
from pipeline.labels.assignment import assign
from pipeline.labels.embeddings import joined, read_embeddings
from pipeline.labels.markdown import table
from pipeline.labels.report import describe
from pipeline.labels.union_settings import read_union, read_union_settings

NEIGHBOURS = (1, 3, 5, 40)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--union", required=True, help="name of a finished union")
    parser.add_argument("--processed", type=Path, default=Path("processed"), help="folder of results")
    arguments = parser.parse_args()
    layout = Layout(arguments.processed)
    union = read_union_settings(layout.union(arguments.union).settings)
    rows = read_union(union, layout)
    vectors = joined([read_embeddings(layout.encoder(union.encoder).embeddings(name)) for name in union.datasets]).of
    shares: dict[tuple[str, str], dict[str, object]] = {}
    for count in NEIGHBOURS:
        settings = union.config.borrow.model_copy(update={"neighbours": count})
        for key, facts in spread(rows, vectors, settings).items():
            shares.setdefault(key, {"field": key[0], "polarity": key[1]})
            shares[key] |= {"donors": facts["donors"], f"{count} nearest": facts["borrowed"]}
    print(table(list(shares.values())))


def spread(rows, vectors, settings: BorrowConfig) -> dict[tuple[str, str], dict[str, str]]:
    """The commonest value and its share, by field and polarity, of borrowed labels and of donors."""
    fields = describe(assign(rows, vectors, settings), [])["fields"]
    return {
        (field, polarity): {
            "borrowed": _commonest(facts["values"], polarity, "share"),
            "donors": _commonest(facts["values"], polarity, "share_of_donors"),
        }
        for field, facts in fields.items()
        for polarity in ("negative", "positive")
    }


def _commonest(values, polarity: str, share: str) -> str:
    best = max((row for row in values if row["polarity"] == polarity), key=lambda row: row[share])
    return f"{best['value']}: {100 * best[share]:.0f} %"


if __name__ == "__main__":
    main()
