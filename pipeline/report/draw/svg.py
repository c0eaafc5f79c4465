"""Charts as inline SVG whose colours follow the page's theme.

Matplotlib cannot write CSS variables: a chart is drawn in placeholder colours, which are replaced in the SVG's text.
"""

import io
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import matplotlib as mpl
from cycler import cycler
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Colours by their place in the cycle that `style` sets; names are those of the page's CSS variables.
_NAMES = (*(f"series-{index}" for index in range(1, 9)), "ink", "muted", "grid", "negative", "positive")
SERIES = tuple(f"C{index}" for index in range(8))
INK, MUTED, GRID, NEGATIVE, POSITIVE = (f"C{index}" for index in range(8, 13))
_PLACEHOLDERS = tuple(f"#0000{index:02x}" for index in range(161, 161 + len(_NAMES)))
_ON_WHITE = (
    *("#2b6cb3", "#c85a17", "#2a8459", "#a3437b", "#6857b8", "#8a6d0c", "#17808c", "#75665a"),
    *("#1b2027", "#56606c", "#d5dae0", "#c85a17", "#2b6cb3"),
)
#: Pictures inside a chart cannot follow the theme: this tone is visible on white and on black.
RASTER_RGB = (0.23, 0.50, 0.78)

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "triptych",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10.5,
    "axes.labelsize": 10.5,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "patch.linewidth": 0,
}
_PX_PER_INCH = 72


@dataclass(frozen=True)
class Chart:
    """A figure as SVG, with its caption."""

    svg: Markup
    caption: str
    title: str = ""
    wide: bool = False


def style(*, on_white: bool = False) -> AbstractContextManager[None]:
    """The report's matplotlib style; all charts are drawn in this context.

    Args:
        on_white: final colours on white, for a picture; else placeholders that `to_svg` replaces.
    """
    colors = cycler(color=_ON_WHITE if on_white else _PLACEHOLDERS)
    background = {"figure.facecolor": "white", "savefig.facecolor": "white"} if on_white else {}
    return mpl.rc_context(_STYLE | {"axes.prop_cycle": colors} | background)


def canvas(width_px: int = 380, height_px: int = 230, **grid: Any) -> tuple[Figure, list[Axes]]:
    """An empty figure and its axes as a flat list.

    Args:
        width_px: width at which text has its natural size.
        height_px: height.
        grid: arguments of `Figure.subplots`.
    """
    figure = Figure(figsize=(width_px / _PX_PER_INCH, height_px / _PX_PER_INCH), layout="constrained")
    return figure, list(figure.subplots(squeeze=False, **grid).ravel())


def chart(figure: Figure, *, label: str, caption: str, title: str = "", wide: bool = False) -> Chart:
    """Finish a figure.

    Args:
        figure: from `canvas`.
        label: description for screen readers.
        caption: the sentence below the figure.
        title: a word or two above it.
        wide: take the full width of the page, and scroll on a narrow screen.
    """
    return Chart(to_svg(figure, label=label), caption, title, wide)


def to_svg(figure: Figure, *, label: str) -> Markup:
    """The figure as one ``<svg>`` element named ``label``."""
    with io.StringIO() as buffer:
        figure.savefig(buffer, format="svg", dpi=_PX_PER_INCH, metadata={"Date": None})
        text = buffer.getvalue()
    return Markup(_cleaned(text[text.index("<svg") :], label))  # noqa: S704 - matplotlib escapes all text


def _cleaned(svg: str, label: str) -> str:
    """Remove fonts, sizes and unused ids, and use the colours of the theme."""
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", svg, flags=re.S)
    svg = _own_ids(svg, "f" + sha256((svg + label).encode()).hexdigest()[:8])
    svg = re.sub(r"font: (?:(bold|\d+) )?([\d.]+)px [^;\"]*", _font, svg)
    svg = re.sub(r" font-family: [^;\"]*;", "", svg)
    svg = re.sub(r'="[-MLQCz\d.,() \na-z]*"', lambda match: re.sub(r"(\.\d\d)\d+", r"\1", match[0]), svg)
    for color, name in zip(_PLACEHOLDERS, _NAMES, strict=True):
        svg = svg.replace(color, f"var(--{name})")
    svg = re.sub(r"\s*\n\s*", "\n", re.sub(r"<defs>\s*</defs>", "", svg))
    start = f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {width} {height}" style="--width:{width}px">'
    return re.sub(r"<svg\b[^>]*>", lambda _: start, svg, count=1)


def _own_ids(svg: str, prefix: str) -> str:
    """Make ids unique on the page, and drop unused ones."""
    used = set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", svg))
    svg = re.sub(r' id="([^"]+)"', lambda match: f' id="{prefix}-{match[1]}"' if match[1] in used else "", svg)
    return re.sub(r"(url\(|href=\")#", rf"\1#{prefix}-", svg).replace("xlink:href", "href")


def _font(match: re.Match[str]) -> str:
    weight = f"font-weight: {match[1]}; " if match[1] else ""
    return f"{weight}font-size: {match[2]}px"
