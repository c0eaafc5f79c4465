"""The card of one clip as a page or as a picture."""

import io
import textwrap
from dataclasses import replace
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from pipeline.report.draw.clips import draw_card, draw_panels, label_text, panels_of, prediction_text
from pipeline.report.draw.svg import style
from pipeline.report.draw.tables import records
from pipeline.report.gather.clips import ClipCard, KeyFrame, find_dataset, gather_card
from pipeline.report.gather.labels import borrowed_labels, gather_labels
from pipeline.report.gather.models import gather_models
from pipeline.report.gather.selection import predictions_of
from pipeline.report.gather.sources import open_datasets
from pipeline.report.template import render

_DPI = 150
_WIDTH_IN = 11.0
_FRAMES_IN = 2.3
_MARKS = "#5ff0ff"


def find_card(clip_id: str, *, processed: Path, raw: Path, dataset: str | None = None) -> ClipCard:
    """Collect the card of a clip.

    Args:
        clip_id: the clip.
        processed: folder of everything derived.
        raw: folder of the raw datasets.
        dataset: its dataset; None: found by the id.

    Raises:
        StoreError: no dataset has this clip, or several have.
    """
    owner = find_dataset(open_datasets(processed, raw, [dataset] if dataset else None), clip_id)
    return replace(
        gather_card(owner, clip_id),
        predictions=predictions_of(clip_id, gather_models(owner)),
        borrowed=borrowed_labels(gather_labels(processed), owner.name, clip_id),
    )


def card_page(*cards: ClipCard) -> str:
    """The cards as a self-contained page, the first one open."""
    with style():
        drawn = [draw_card(card, f"clip-{number}") for number, card in enumerate(cards, start=1)]
        return render("clip.html.j2", cards=drawn)


def card_picture(card: ClipCard) -> bytes:
    """The card as a PNG: frames above the timeline."""
    heights = [height for _, height in panels_of(card)]
    rows_in = [_FRAMES_IN] * bool(card.frames) + [sum(heights) / 72] * bool(heights)
    with style(on_white=True), io.BytesIO() as buffer:
        figure = Figure(figsize=(_WIDTH_IN, sum(rows_in) + 1.2), layout="constrained")
        figure.suptitle(_title(card), ha="left", x=0.01, fontsize=11)
        rows = list(figure.subfigures(len(rows_in), 1, height_ratios=rows_in, squeeze=False).ravel()) if rows_in else []
        if card.frames:
            places = rows.pop(0).subplots(1, len(card.frames), squeeze=False).ravel()
            for axes, frame in zip(places, card.frames, strict=True):
                _draw_frame(axes, frame)
        if heights:
            places = rows.pop(0).subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights).ravel()
            draw_panels(list(places), card)
        figure.savefig(buffer, format="png", dpi=_DPI)
        return buffer.getvalue()


def _title(card: ClipCard) -> str:
    predicted = "; ".join(f"{row['model']} {prediction_text(row['prediction'])}" for row in records(card.predictions))
    lines = [f"{card.dataset}: {card.clip_id}   {label_text(card)}", textwrap.shorten(str(card.row["text"] or ""), 150)]
    return "\n".join([*lines, *([f"predicted: {predicted}"] if predicted else [])])


def _draw_frame(axes: Axes, frame: KeyFrame) -> None:
    axes.imshow(Image.open(io.BytesIO(frame.webp)))
    x, y = (frame.marks.points * frame.size_px).T
    axes.plot(x, y, ".", color=_MARKS, markersize=1.5)
    for line in frame.marks.lines * frame.size_px:
        axes.plot(*line.T, color=_MARKS, linewidth=1.6)
    axes.set_title(f"{frame.time_s:.1f} s", fontsize=9)
    axes.set_axis_off()
