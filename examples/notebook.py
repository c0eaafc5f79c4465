"""Generate `examples/api.ipynb` from docs/api.md, one cell per text and per example; ``make notebook``."""

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "examples" / "api.ipynb"
_START = """import os
from pathlib import Path

while not Path("Snakefile").is_file():  # paths below begin in the checkout
    os.chdir("..")"""


def render() -> str:
    """The notebook as text; the same page gives the same text."""
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    parts = re.split(r"```python\n(.*?)```", page, flags=re.S)
    cells = [new_markdown_cell(_linked(parts[0])), new_code_cell(_START)]
    for code, words in zip(parts[1::2], parts[2::2], strict=True):
        cells += [new_code_cell(code.strip()), new_markdown_cell(_linked(words))]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # random otherwise
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return str(nbformat.writes(new_notebook(cells=cells, metadata={"kernelspec": kernel}))) + "\n"


def _linked(words: str) -> str:
    return re.sub(r"\]\((?!https?:)([^)]+)\)", r"](../docs/\1)", words).strip()


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
