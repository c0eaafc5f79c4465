"""The section on universal labels: borrowed fields, similarity of the texts, donors, quality."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.report.draw.plots import legend
from pipeline.report.draw.svg import SERIES, Chart, canvas, chart
from pipeline.report.draw.tables import Cell, TableView, cell, of_frame
from pipeline.report.gather.labels import LabelFacts

_KINDS = ("gold", "rule", "borrowed")


@dataclass(frozen=True)
class LabelView:
    """The template's data of a union."""

    name: str
    summary: str
    charts: list[Chart]
    tables: list[TableView]


def draw_labels(facts: LabelFacts) -> LabelView:
    """Charts and tables of a union's labels."""
    charts = [one for name in facts.fields for one in (_similarity(facts, name), _balance(facts, name)) if one]
    tables = [_coverage(facts), *(_donors(facts, name) for name in facts.fields)]
    tables += [of_frame(_indexed(table), name.replace("_", " ")) for name, table in facts.tables.items() if len(table)]
    summary = f"{len(facts.labels):,} rows with {', '.join(facts.fields) or 'no field'} borrowed for some of them."
    return LabelView(facts.name, summary, charts, [table for table in tables if table.rows])


def _indexed(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index(str(table.columns[0]))


def _coverage(facts: LabelFacts) -> TableView:
    rows = []
    for name in facts.known_fields:
        for dataset, part in facts.labels.groupby("dataset"):
            counts = part[f"{name}_source"].value_counts()
            numbers = [int(counts.get(kind, 0)) for kind in _KINDS]
            rows.append([cell(str(dataset)), cell(name), *(cell(n) for n in (*numbers, len(part) - sum(numbers)))])
    return TableView("Source of each field", ("dataset", "field", *_KINDS, "unknown"), rows)


def _similarity(facts: LabelFacts, name: str) -> Chart | None:
    values = facts.borrowed(name)[f"{name}_similarity"].dropna()
    if values.empty:
        return None
    figure, (axes,) = canvas()
    axes.hist(values, bins=list(np.linspace(min(0.0, float(values.min())), 1, 25)), rwidth=0.92, color=SERIES[0])
    axes.set_xlabel("cosine between the two texts")
    axes.set_ylabel("rows")
    weak = int((values < 0.3).sum())
    caption = f"Median {values.median():.2f}; {weak:,} of {len(values):,} rows borrow at a similarity below 0.3."
    return chart(figure, title=f"Similarity, {name}", label=f"Histogram of similarities. {caption}", caption=caption)


def _balance(facts: LabelFacts, name: str) -> Chart | None:
    """Frequency of each borrowed class, and its frequency among the possible donors."""
    borrowed = facts.borrowed(name)[name].dropna()
    owned = facts.gold(name)[name]
    owned = owned[owned.isin(borrowed.unique())]
    if borrowed.empty or owned.empty or pd.api.types.is_numeric_dtype(borrowed):
        return None
    shares = pd.DataFrame(
        {"borrowed": borrowed.value_counts(normalize=True), "donors": owned.value_counts(normalize=True)}
    )
    shares = shares.fillna(0).sort_values("donors", ascending=False)
    figure, (axes,) = canvas(380, 80 + 32 * len(shares))
    rows = np.arange(len(shares))
    for offset, color, column in ((-0.2, SERIES[0], "borrowed"), (0.2, SERIES[1], "donors")):
        axes.barh(rows + offset, shares[column], height=0.36, color=color, label=column)
    axes.set_yticks(rows, [str(value) for value in shares.index])
    axes.invert_yaxis()
    axes.set_xlabel("part of the rows")
    legend(axes)
    far = str((shares["borrowed"] - shares["donors"]).abs().idxmax())
    caption = (
        f"Most shifted: {far}, {float(shares['borrowed'][far]):.0%} of the borrowed rows, "
        f"{float(shares['donors'][far]):.0%} of the possible donors."
    )
    return chart(figure, title=f"Balance, {name}", label=f"Classes borrowed and owned. {caption}", caption=caption)


def _donors(facts: LabelFacts, name: str) -> TableView:
    donors = facts.borrowed(name)[f"{name}_donor"].value_counts()
    rows = [[Cell(str(donor)), cell(int(uses))] for donor, uses in donors.head(8).items()]
    note = f"{len(donors):,} donors in all."
    return TableView(f"Most used donors, {name}", ("donor", "rows that borrowed"), rows, note)
