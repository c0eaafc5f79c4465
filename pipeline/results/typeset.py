"""A comparison as CSV, Markdown and LaTeX."""

from collections.abc import Callable, Sequence

import pandas as pd

from pipeline.results.comparison import TESTED
from pipeline.results.tables import mean_sd
from pipeline.training.metrics import metric_named

_NOT_METRICS = ("model", "seeds", "error", "reference", *TESTED)
Emphasis = Callable[[str], str]


def to_csv(table: pd.DataFrame) -> str:
    """All numbers, six decimals."""
    return table.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def to_markdown(table: pd.DataFrame, title: str) -> str:
    """The best of each metric is bold."""
    header, rows = _cells(table, lambda text: f"**{text}**")
    lines = [header, ["---"] * len(header), *rows]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{title}\n\n{body}\n\n{_legend(table)}\n"


def to_latex(table: pd.DataFrame, title: str) -> str:
    """A ``booktabs`` table; the best of each metric is bold."""
    header, rows = _cells(table, lambda text: rf"\textbf{{{text}}}")
    lines = [" & ".join(map(_escape, line)) + r" \\" for line in (header, *rows)]
    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_escape(title)}. {_escape(_legend(table))}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _cells(table: pd.DataFrame, emphasis: Emphasis) -> tuple[list[str], list[list[str]]]:
    """Header and rows of text."""
    metrics = [name for name in table.columns if name not in _NOT_METRICS and not name.endswith("_sd")]
    columns = {"model": table["model"].tolist(), "seeds": table["seeds"].astype(str).tolist()}
    columns |= {name: _metric(table, name, emphasis) for name in metrics}
    differences = table[["difference", "low", "high"]].to_numpy(float)
    columns["difference [95 %]"] = [
        "reference" if is_reference else f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
        for (mean, low, high), is_reference in zip(differences, table["reference"], strict=True)
    ]
    columns["p (clips)"] = _p_values(table["p_clips_holm"])
    if table["p_seeds_holm"].notna().any():
        columns["p (seeds)"] = _p_values(table["p_seeds_holm"])
    return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def _metric(table: pd.DataFrame, name: str, emphasis: Emphasis) -> list[str]:
    shown = table[name].round(3)
    best = shown.max() if metric_named(name).higher_is_better else shown.min()
    cells = [mean_sd(mean, sd) for mean, sd in zip(table[name], table[f"{name}_sd"], strict=True)]
    return [emphasis(cell) if value == best else cell for cell, value in zip(cells, shown, strict=True)]


def _p_values(values: pd.Series) -> list[str]:
    return ["" if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}" for p in values]


def _legend(table: pd.DataFrame) -> str:
    reference = table.loc[table["reference"], "model"].item()
    return (
        f"Test split, mean ± sd over seeds. Difference: error per clip against {reference}, negative is better. "
        "p (clips): paired sign-flip test on the errors of the clips, averaged over seeds. "
        "p (seeds): paired t test over seeds, from five on. Both adjusted after Holm."
    )


def _escape(text: str) -> str:
    """Escape text for LaTeX; commands that `emphasis` added are kept."""
    for plain, escaped in (("%", r"\%"), ("_", r"\_"), ("±", r"$\pm$"), ("<", "$<$")):
        text = text.replace(plain, escaped)
    return text


def formats(table: pd.DataFrame, title: str) -> Sequence[tuple[str, str]]:
    """Suffix and content of every format."""
    return [("csv", to_csv(table)), ("md", to_markdown(table, title)), ("tex", to_latex(table, title))]
