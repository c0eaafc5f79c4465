"""Convert formulas to MathML while the site is built, so that the pages need no script."""

import html
import re
from typing import Any

from latex2mathml.converter import convert

_FORMULA = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>', re.S)


def on_page_content(content: str, **_: Any) -> str:
    """Replace the formulas that ``pymdownx.arithmatex`` marked."""
    return _FORMULA.sub(_to_mathml, content)


def _to_mathml(match: re.Match[str]) -> str:
    is_block = match.group(1) == "div"
    return convert(html.unescape(match.group(2).strip())[2:-2], display="block" if is_block else "inline")
