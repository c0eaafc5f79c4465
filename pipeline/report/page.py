"""The report: a self-contained page of plain tables."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pipeline.report.tables import over_seeds

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .4rem 0; }
th, td { border-bottom: 1px solid #8886; padding: .3rem .7rem; text-align: left; }
.wide { overflow-x: auto; }
"""


def render(results: pd.DataFrame, quarantines: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The page as HTML.

    Args:
        results: rows of ``results.csv``.
        quarantines: rows of each dataset's quarantine.
    """
    parts = [
        _table("Test metrics, mean ± standard deviation over seeds", over_seeds(results)),
        _table("Every run", results),
    ]
    for dataset, rows in quarantines.items():
        frame = pd.DataFrame(rows, columns=["clip_id", "modality", "extractor", "stage", "kind", "reason"])
        parts.append(_table(f"Quarantine of {dataset}: {len(rows)} entries", frame) if rows else _empty(dataset))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Triptych report</title><style>{_STYLE}</style></head><body><main><h1>Triptych report</h1>\n"
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def _empty(dataset: str) -> str:
    return f"<p>Quarantine of {html.escape(dataset)}: empty; every clip has every modality.</p>"


def _table(caption: str, frame: pd.DataFrame) -> str:
    body = frame.to_html(index=False, border=0, na_rep="", float_format=lambda value: f"{value:.4f}", escape=True)
    body = body.replace(">\n  <thead>", f">\n<caption>{html.escape(caption)}</caption>\n  <thead>", 1)
    return f'<div class="wide">{body}</div>'
