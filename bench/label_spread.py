"""How alike borrowed labels are: ``python bench/label_spread.py --union mosi_meld [--processed processed]``.

Several donors answer alike. For each number of them: the share of rows of a polarity that get the value borrowed most
often, emotions as they are and intensities by their whole part, beside the share of possible donors that have it most.
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
    parser.add_argument("--union", required=True, help="whose labels were made")
    parser.add_argument("--processed", type=Path, default=Path("processed"), help="folder of everything derived")
    arguments = parser.parse_args()
    layout = Layout(arguments.processed)
    settings = read_union_settings(layout.union(arguments.union).settings)
    rows = read_union(settings, layout)
    vectors = joined(
        [read_embeddings(layout.encoder(settings.encoder).embeddings(name)) for name in settings.datasets]
    ).of
    found: dict[tuple[str, str], dict[str, object]] = {}
    for count in NEIGHBOURS:
        settings = settings.config.borrow.model_copy(update={"neighbours": count})
        for key, facts in spread(rows, vectors, settings).items():
            found.setdefault(key, {"field": key[0], "polarity": key[1]})
            found[key] |= {"donors": facts["donors"], f"{count} asked": facts["borrowed"]}
    print(table(list(found.values())))


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
