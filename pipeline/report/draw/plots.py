"""The kinds of charts in the report."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator

from pipeline.core.types import SPLITS
from pipeline.report.draw.svg import GRID, INK, MUTED, NEGATIVE, POSITIVE, RASTER_RGB, SERIES

#: A split has one colour everywhere.
SPLIT_COLORS: dict[str, str] = dict(zip(SPLITS, SERIES, strict=False))
#: From transparent to the raster tone; never opaque, so that text on it stays legible.
SHADES = ListedColormap([(*RASTER_RGB, alpha) for alpha in np.linspace(0, 0.75, 64)])
FULL_SHADES = ListedColormap([(*RASTER_RGB, alpha) for alpha in np.linspace(0, 1, 128)])


def legend(axes: Axes, *, columns: int = 4) -> None:
    """Names of the series above the axes."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.99),
        ncols=columns,
        handlelength=0.9,
        columnspacing=1.1,
        borderaxespad=0.2,
    )


def histogram(axes: Axes, values: Mapping[str, pd.Series], bins: np.ndarray, *, xlabel: str) -> None:
    """Stacked counts, one colour per split."""
    names = [name for name in values if len(values[name].dropna())]
    axes.hist(
        [values[name].dropna() for name in names],
        bins=list(bins),
        stacked=True,
        rwidth=0.92,
        color=[SPLIT_COLORS.get(name, SERIES[0]) for name in names],
        label=names,
    )
    axes.set_xlabel(xlabel)
    axes.set_ylabel("clips")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    if len(names) > 1:
        legend(axes)


def category_bars(axes: Axes, counts: pd.DataFrame, *, xlabel: str) -> None:
    """Stacked horizontal bars: rows are categories, columns splits."""
    left = np.zeros(len(counts))
    for name in counts.columns:
        axes.barh(
            counts.index, counts[name], left=left, height=0.7, color=SPLIT_COLORS.get(name, SERIES[0]), label=name
        )
        left += counts[name].to_numpy()
    axes.invert_yaxis()
    axes.set_xlabel(xlabel)
    legend(axes)


def bars(axes: Axes, values: pd.Series, *, labels: Sequence[str], color: str = SERIES[0]) -> None:
    """Horizontal bars with the number written at their end."""
    axes.barh(list(values.index), values, height=0.66, color=color)
    axes.invert_yaxis()
    axes.set_xlim(0, float(values.max() or 1) * 1.28)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    for row, (value, label) in enumerate(zip(values, labels, strict=True)):
        axes.annotate(label, (value, row), (4, 0), textcoords="offset points", va="center", fontsize=10, color=MUTED)


def signed_bars(axes: Axes, values: pd.Series, *, limit: float, xlabel: str) -> None:
    """Horizontal bars to both sides of 0, with dashed lines at the limits."""
    colors = [POSITIVE if value > 0 else NEGATIVE for value in values]
    axes.barh(list(values.index), values, height=0.66, color=colors)
    axes.invert_yaxis()
    axes.set_xlim(-1, 1)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    axes.axvline(0, color=MUTED, linewidth=0.8)
    for edge in (-limit, limit):
        if limit < 1:
            axes.axvline(edge, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
    axes.set_xlabel(xlabel)


def quantile_rows(axes: Axes, quantiles: Mapping[str, pd.DataFrame], columns: Sequence[str]) -> None:
    """Per column and split: a thin line from 5 to 95 %, a thick one from 25 to 75 %, a dot at the median."""
    offsets = np.linspace(-0.24, 0.24, len(quantiles))
    for offset, (split, table) in zip(offsets, quantiles.items(), strict=True):
        rows, color = np.arange(len(columns)) + offset, SPLIT_COLORS[split]
        low, quarter, middle, three, high = (table[list(columns)].to_numpy()[index] for index in range(5))
        axes.hlines(rows, low, high, color=color, linewidth=0.9)
        axes.hlines(rows, quarter, three, color=color, linewidth=3.2)
        axes.plot(middle, rows, "o", color=color, markersize=4.5, label=split)
    axes.set_yticks(np.arange(len(columns)), columns)
    axes.set_ylim(len(columns) - 0.5, -0.5)
    axes.axvline(0, color=GRID, linewidth=0.8)
    axes.set_xlim(-4, 4)
    axes.set_xlabel("standard deviations of the train split")
    legend(axes)


def matrix(axes: Axes, table: pd.DataFrame, *, xlabel: str, ylabel: str) -> None:
    """Counts in cells, shaded by their share of the row."""
    parts = table.div(table.sum(axis=1).replace(0, 1), axis=0)
    axes.imshow(parts, cmap=SHADES, vmin=0, vmax=1, aspect="auto", interpolation="none")
    for row, column in np.argwhere(table.to_numpy() > 0):
        axes.text(column, row, f"{table.iloc[row, column]:g}", ha="center", va="center", fontsize=10, color=INK)
    axes.set_xticks(range(table.shape[1]), list(table.columns))
    axes.set_yticks(range(table.shape[0]), list(table.index))
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)


def bins_for(values: pd.Series, *, low: float | None = None, high: float | None = None, count: int = 24) -> np.ndarray:
    """Edges of equal bins over the values, or over a range given."""
    valid = values.dropna()
    first = float(valid.min()) if low is None else low
    last = float(valid.quantile(0.995)) if high is None else high
    return np.linspace(first, last if last > first else first + 1, count + 1)
