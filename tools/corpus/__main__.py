"""Write the table of all kinds into docs/reliability.md: ``python -m tools.corpus``."""

from pathlib import Path

from tools.corpus import configs, media, packs, stores, tables, texts, weights
from tools.corpus.kinds import Kind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- made by python -m tools.corpus: begin -->", "<!-- end -->"

AREAS = {
    "Label tables": tables.TABLES,
    "Media": media.MEDIA,
    "Transcripts": texts.TEXTS,
    "Stores read by the next run": stores.REPLACED,
    "Stores read by later steps": stores.READ,
    "Pickles": packs.FILES,
    "HDF5 packs": packs.HDF5,
    "Packs checked by `inspect`": packs.RULES,
    "Settings": configs.CONFIGS,
    "Weights": [*weights.LANDMARKER, *weights.ENCODERS, *weights.TRAINED, *weights.STATES],
}


def section() -> str:
    """The generated part of the page, with its markers."""
    counts = "; ".join(f"{name}: {len(kinds)}" for name, kinds in AREAS.items())
    lines = [BEGIN, f"{sum(map(len, AREAS.values()))} kinds. {counts}.", ""]
    for name, kinds in AREAS.items():
        lines += [f"### {name}", "", "| kind | outcome | message or effect |", "| --- | --- | --- |"]
        lines += [f"| {_cell(kind.name)} | {_outcome(kind)} | {_cell(kind.says)} |" for kind in kinds]
        lines.append("")
    return "\n".join([*lines, END])


def page_with(page: str) -> str:
    """The page with a new table."""
    before, _, rest = page.partition(BEGIN)
    return before + section() + rest.partition(END)[2]


def _outcome(kind: Kind) -> str:
    return f"{kind.outcome} ({', '.join(kind.extractors)})" if kind.extractors else kind.outcome


def _cell(text: str) -> str:
    """A pattern as plain text: ``.*`` becomes an ellipsis, ``|`` becomes "or"."""
    plain = text.replace(".*", " … ").replace("\\", "").replace("|", " *or* ")
    return " ".join(plain.replace("<", "&lt;").split())


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
