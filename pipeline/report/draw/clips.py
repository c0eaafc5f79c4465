"""Clip cards: frames, and sound, words and face over time."""

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline.report.draw import plots
from pipeline.report.draw.svg import INK, MUTED, SERIES, Chart, canvas, chart
from pipeline.report.draw.tables import Cell, TableView, records, signed
from pipeline.report.gather.clips import ClipCard, KeyFrame

_WIDTH_PX = 760
#: Curves are thinned to this many points; more cannot be seen at their width.
_MAX_POINTS = 300


@dataclass(frozen=True)
class FrameView:
    """A key frame as a data URI, and SVG paths of the face's marks in its pixels."""

    data: str
    alt: str
    width_px: int
    height_px: int
    points: str
    lines: str


@dataclass(frozen=True)
class CardView:
    """The template's data of a clip."""

    anchor: str
    clip_id: str
    dataset: str
    split: str
    text: str
    label: str
    reasons: list[str]
    facts: list[tuple[str, str]]
    frames: list[FrameView]
    timeline: Chart | None
    predictions: TableView | None
    missing: list[str]
    notes: list[str]


def draw_card(card: ClipCard, anchor: str) -> CardView:
    """A clip's card.

    Args:
        card: facts of the clip.
        anchor: its id on the page.
    """
    return CardView(
        anchor=anchor,
        clip_id=card.clip_id,
        dataset=card.dataset,
        split=str(card.row.get("split") or ""),
        text=str(card.row.get("text") or ""),
        label=label_text(card),
        reasons=list(card.reasons),
        facts=_facts(card),
        frames=[_frame(frame) for frame in card.frames],
        timeline=draw_timeline(card),
        predictions=_predictions(card),
        missing=list(card.missing),
        notes=list(card.notes),
    )


def label_text(card: ClipCard) -> str:
    """The label as in the dataset."""
    value, name = card.row.get("sentiment"), card.row.get("emotion") or card.row.get("annotation")
    parts = [signed(f"{value:+.2g}") if _is_known(value) else "", str(name) if _is_known(name) and name else ""]
    return " ".join(part for part in parts if part)


def _is_known(value: Any) -> bool:
    return value is not None and bool(pd.notna(value))


def _facts(card: ClipCard) -> list[tuple[str, str]]:
    facts = [("length", f"{card.duration_s:.2f} s")] if card.duration_s else []
    for name, title in (
        ("sentiment_text", "label, text"),
        ("sentiment_audio", "label, audio"),
        ("sentiment_vision", "label, vision"),
    ):
        if _is_known(card.row.get(name)):
            facts.append((title, signed(f"{card.row[name]:+.2g}")))
    facts += [("speaker", str(card.row["speaker"]))] if card.row.get("speaker") else []
    return facts + [(f"borrowed {name}", str(value)) for name, value in card.borrowed.items()]


def _frame(frame: KeyFrame) -> FrameView:
    alt = f"{frame.time_s:.1f} s, {'face' if frame.has_face else 'no face'}"
    data = f"data:image/webp;base64,{base64.b64encode(frame.webp).decode()}"
    points, lines = frame.marks.points * frame.size_px, frame.marks.lines * frame.size_px
    dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
    strokes = "".join(f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" for (x, y), (to_x, to_y) in lines)
    return FrameView(data, alt, *frame.size_px, dots, strokes)


def _predictions(card: ClipCard) -> TableView | None:
    if card.predictions.empty:
        return None
    rows = [
        [Cell(row["model"]), Cell(prediction_text(row["prediction"], row["sd"]), is_number=True), Cell(row["pack"])]
        for row in records(card.predictions)
    ]
    return TableView("Predictions, mean ± sd over seeds", ("model", "prediction", "pack"), rows)


def prediction_text(value: float | str, sd: float = np.nan) -> str:
    """A prediction: a class, or a number with its standard deviation if there is one."""
    if isinstance(value, str):
        return value
    return signed(f"{value:+.2f}") + (f" ± {sd:.2f}" if np.isfinite(sd) else "")


def draw_timeline(card: ClipCard) -> Chart | None:
    """Waveform, words, pitch, energy and blendshapes over the clip's time."""
    panels = panels_of(card)
    if not panels:
        return None
    heights = [height for _, height in panels]
    figure, axes = canvas(
        _WIDTH_PX, int(sum(heights)) + 40, nrows=len(panels), sharex=True, gridspec_kw={"height_ratios": heights}
    )
    draw_panels(axes, card)
    words = f"{len(card.words)} words timed by {card.words_by}" if card.words else "words not timed"
    label = f"{card.duration_s:.1f} s of {card.clip_id} over time: {', '.join(name for name, _ in panels)}; {words}"
    caption = "Waveform with word boundaries" if card.words else "Waveform"
    caption += ", pitch and energy" if card.sound else ""
    caption += (
        f", and the {len(card.face_names)} blendshapes that move most (darker is larger)"
        if card.face is not None
        else ""
    )
    return chart(figure, label=label, caption=f"{caption}. {words[0].upper()}{words[1:]}.", wide=True)


def panels_of(card: ClipCard) -> list[tuple[str, int]]:
    """Names and heights in px of the panels that a card has content for."""
    panels = [("waveform", 92 if card.words else 70)] if card.envelope is not None or card.words else []
    panels += [(series.name, 52) for series in card.sound]
    return panels + ([("face", 16 * len(card.face_names) + 8)] if card.face is not None else [])


def draw_panels(axes: list[Axes], card: ClipCard) -> None:
    """Draw the panels of `panels_of`, one on each of the axes."""
    rest = list(axes)
    if card.envelope is not None or card.words:
        _waveform(rest.pop(0), card)
    for color, series in zip((SERIES[1], SERIES[2]), card.sound, strict=False):
        step = max(1, len(series.times_s) // _MAX_POINTS)
        panel = rest.pop(0)
        panel.plot(series.times_s[::step], series.values[::step], color=color, linewidth=1.2)
        panel.set_ylabel(series.name.split(" ")[0], rotation=0, ha="right", va="center")
        panel.set_yticks([])
        panel.set_ylim(_robust_limits(series.values))
    if card.face is not None and card.face_times_s is not None:
        _face(rest.pop(0), card)
    axes[-1].set_xlim(0, card.duration_s)
    axes[-1].set_xlabel("seconds")


def _robust_limits(values: np.ndarray) -> tuple[float, float]:
    """Limits of an axis, robust to a few outliers such as a pitch one octave too high."""
    if not np.isfinite(values).any():
        return 0.0, 1.0
    low, high = np.nanpercentile(values, [5, 95])
    spare = (high - low) or 1.0
    lowest, highest = max(float(np.nanmin(values)), low - spare), min(float(np.nanmax(values)), high + spare)
    return lowest - 0.1 * spare, highest + 0.1 * spare


def _waveform(axes: Axes, card: ClipCard) -> None:
    peak = 1.0
    if card.envelope is not None:
        times = np.linspace(0, card.duration_s, len(card.envelope))
        axes.fill_between(times, card.envelope[:, 0], card.envelope[:, 1], color=SERIES[0], alpha=0.75)
        peak = max(float(np.abs(card.envelope).max()), 1e-3)
    for index, (word, start_s, end_s, confidence) in enumerate(card.words):
        axes.axvspan(start_s, end_s, color=MUTED, alpha=0.16 if index % 2 else 0.06, linewidth=0)
        axes.text(
            (start_s + end_s) / 2,
            peak * (1.28 if index % 2 else 1.75),
            word,
            ha="center",
            va="center",
            fontsize=10,
            color=INK if confidence > 0.5 else MUTED,
        )
    axes.set_ylim(-peak * 1.05, peak * (2.1 if card.words else 1.05))
    axes.set_yticks([])
    axes.set_ylabel("sound", rotation=0, ha="right", va="center")


def _face(axes: Axes, card: ClipCard) -> None:
    if card.face is None or card.face_times_s is None:
        return
    step = max(1, card.face.shape[1] // _MAX_POINTS)
    rows = len(card.face_names)
    axes.imshow(
        np.ma.masked_invalid(card.face[:, ::step]),
        cmap=plots.FULL_SHADES,
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="none",
        extent=(0, float(card.face_times_s[-1]), rows - 0.5, -0.5),
    )
    axes.set_yticks(range(rows), card.face_names)
    axes.spines[:].set_visible(False)
