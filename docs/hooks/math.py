"""Formulas become MathML while the pages are built: browsers draw it, and no script has to be fetched."""

import html
import re
from typing import Any

from latex2mathml.converter import convert

_FORMULA = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>', re.S)


def on_page_content(content: str, **_: Any) -> str:
    """Replace what ``pymdownx.arithmatex`` marked."""
    return _FORMULA.sub(_drawn, content)


def _drawn(found: re.Match[str]) -> str:
    is_block = found.group(1) == "div"
    return convert(html.unescape(found.group(2).strip())[2:-2], display="block" if is_block else "inline")
