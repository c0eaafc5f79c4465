"""The label report as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any


def page(report: Mapping[str, Any], title: str) -> str:
    """The whole report."""
    parts = [f"# Universal labels of {title}", f"{report['rows']} rows, {report['without_text']} of them without text."]
    parts += ["## Where each field comes from", table(report["coverage"])]
    parts += ["## What must be zero", table([report["consistency"]])]
    if report["legacy_v3"]:
        parts += ["## The published rule, version 3, on the same rows", table(report["legacy_v3"])]
    for name, field in report["fields"].items():
        parts += _field(name, field)
    return "\n\n".join(parts) + "\n"


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table; columns are the keys of all rows in the order in which they first appear."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, ["---"] * len(columns), *([_cell(row.get(key, "")) for key in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _field(name: str, field: Mapping[str, Any]) -> list[str]:
    similarity, donors = field["similarity"], field["donors"]
    low, median, high = similarity["quartiles"]
    histogram = [{"similarity from": edge, "rows": count} for edge, count in similarity["histogram"]]
    return [
        f"## Borrowed: {name}",
        f"{field['borrowed']} rows; similarity to the donor {similarity['mean']} on average, quartiles {low}, "
        f"{median}, {high}. {donors['distinct']} donors, each named {donors['mean_use']} times on average and "
        f"{donors['largest_use']} times at most; the busiest tenth serves {donors['share_of_busiest_tenth']:.1%}.",
        table(field["values"]),
        table(histogram),
        "Most similar pairs of different texts:",
        table(field["examples"]["best"]),
        "Least similar pairs:",
        table(field["examples"]["worst"]),
    ]


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
