"""The card of a clip: its media and features."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64
from PIL import Image

from pipeline.core.errors import ClipError, StoreError
from pipeline.features.features import Features
from pipeline.features.store import StoreReader
from pipeline.media.audio import load_sound
from pipeline.media.span import MediaSpan
from pipeline.media.video import Frame, Video
from pipeline.report.gather.faces import NOTHING, Marks, marks_at
from pipeline.report.gather.measures import modality_of
from pipeline.report.gather.sources import Dataset

KEY_FRAMES = 5
_FRAME_SIDE_PX = 240
_ENVELOPE_POINTS = 400


@dataclass(frozen=True)
class KeyFrame:
    """A frame of the clip with the marks of the detected face."""

    time_s: float
    webp: bytes
    size_px: tuple[int, int]
    has_face: bool
    marks: Marks


@dataclass(frozen=True)
class Series:
    """A column over time."""

    name: str
    times_s: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class ClipCard:
    """One clip.

    Attributes:
        dataset: its dataset.
        clip_id: its id.
        row: its row of the label table.
        duration_s: its length.
        reasons: why it is shown.
        frames: key frames; empty without media or picture.
        envelope: lowest and highest sample in each of equal steps; None without sound.
        words: word, start, end, confidence; empty if words were not timed.
        words_by: the extractor that timed them.
        sound: pitch and energy.
        face_names: names of the rows of ``face``.
        face: blendshapes over time, NaN without a face; None without vision.
        face_times_s: the times of its columns.
        predictions: per model: prediction and sd over seeds.
        borrowed: labels borrowed from other clips.
        missing: what cannot be shown, and why.
        notes: remarks for the reader.
    """

    dataset: str
    clip_id: str
    row: Mapping[str, Any]
    duration_s: float = 0.0
    reasons: tuple[str, ...] = ()
    frames: tuple[KeyFrame, ...] = ()
    envelope: Float64[np.ndarray, "steps 2"] | None = None
    words: tuple[tuple[str, float, float, float], ...] = ()
    words_by: str = ""
    sound: tuple[Series, ...] = ()
    face_names: tuple[str, ...] = ()
    face: np.ndarray | None = None
    face_times_s: np.ndarray | None = None
    predictions: pd.DataFrame = field(default_factory=pd.DataFrame)
    borrowed: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def gather_card(dataset: Dataset, clip_id: str, *, reasons: Sequence[str] = ()) -> ClipCard:
    """Collect the card of a clip; absent parts are listed in ``missing``.

    Raises:
        StoreError: a store is damaged.
    """
    row = {str(name): value for name, value in dataset.clips.loc[clip_id].items()}
    features: dict[str, ClipFeatures] = {}
    for name in dataset.extractors:
        if stored := read_clip(dataset, name, clip_id):
            features.setdefault(modality_of(dataset, name), ClipFeatures(name, *stored))
    return fill_card(ClipCard(dataset.name, clip_id, row, reasons=tuple(reasons)), dataset.raw, features)


@dataclass(frozen=True)
class ClipFeatures:
    """Features of the clip by one extractor."""

    extractor: str
    features: Features
    names: tuple[str, ...]


def fill_card(card: ClipCard, raw: Path, features: Mapping[str, ClipFeatures]) -> ClipCard:
    """Add the contents of media and features to a card; absent parts are listed in ``missing``.

    Args:
        card: of the clip; its row names the media file.
        raw: the folder that the media file's path is relative to.
        features: by modality; word timings under ``words``.
    """
    card = _with_sound(card, features.get("audio"))
    card = _with_words(_with_face(card, features.get("vision")), features.get("words"))
    card = _with_media(card, raw, features.get("vision"))
    times = [one.features.times for one in features.values()]
    ends = [float(np.nanmax(each)) for each in times if np.isfinite(each).any()]
    return replace(card, duration_s=max([card.duration_s, *ends]))


def read_clip(dataset: Dataset, extractor: str, clip_id: str) -> tuple[Features, tuple[str, ...]] | None:
    """Features and column names of a clip; None if this extractor has none."""
    for path in dataset.extractors[extractor]:
        with StoreReader(path) as reader:
            if clip_id in reader.ids():
                return reader.read(clip_id), reader.header.feature_names
    return None


def _with_sound(card: ClipCard, source: ClipFeatures | None) -> ClipCard:
    """Pitch and energy, by the names that openSMILE's sets give them."""
    if source is None:
        return card
    features, names = source.features, source.names
    series = []
    for label, starts in (("pitch", ("F0",)), ("energy", ("Loudness", "pcm_RMS", "audspec_length"))):
        column = next((index for index, name in enumerate(names) if name.startswith(starts)), None)
        if column is not None:
            values = np.where(features.mask, features.values[:, column], np.nan)
            values = np.where(values > 0, values, np.nan) if label == "pitch" else values
            series.append(Series(f"{label} ({names[column].split('_')[0]})", features.times.mean(axis=1), values))
    return replace(card, sound=tuple(series))


def _with_face(card: ClipCard, source: ClipFeatures | None) -> ClipCard:
    """The blendshapes that move most within the clip."""
    if source is None or not source.features.mask.any():
        return card
    features, names = source.features, source.names
    shapes = [index for index, name in enumerate(names) if not name.endswith(("_rad", "_cm")) and name != "presence"]
    seen = features.values[features.mask][:, shapes]
    chosen = [shapes[index] for index in np.argsort(-np.ptp(seen, axis=0), kind="stable")[:12]]
    chosen.sort(key=lambda index: names[index])
    face = np.where(features.mask[:, None], features.values[:, chosen], np.nan).T
    chosen_names = tuple(names[index] for index in chosen)
    return replace(card, face_names=chosen_names, face=face, face_times_s=features.times.mean(axis=1))


def _with_words(card: ClipCard, source: ClipFeatures | None) -> ClipCard:
    if source is None:
        return card
    name, features, text = source.extractor, source.features, str(card.row.get("text") or "")
    spans = features.extras.get("word_spans", np.zeros((0, 2), int))
    words = [
        (text[begin:end], float(start_s), float(end_s), float(confidence))
        for (begin, end), (start_s, end_s), confidence, is_timed in zip(
            spans, features.times, features.values[:, 0], features.mask, strict=True
        )
        if is_timed
    ]
    method = str(features.notes.get("method", name))
    return replace(card, words=tuple(words), words_by=name if method in name else f"{name}, {method}")


def _with_media(card: ClipCard, raw: Path, vision: ClipFeatures | None) -> ClipCard:
    media = card.row.get("media")
    if not isinstance(media, str):
        return replace(card, missing=("no media file is known: no pictures, no waveform",))
    if not (raw / media).is_file():
        return replace(card, missing=(f"{media} is not in the raw folder: no pictures, no waveform",))
    missing = []
    bounds = [card.row.get(name) for name in ("start_s", "end_s")]
    start_s, end_s = (None if bound is None or pd.isna(bound) else float(bound) for bound in bounds)
    crop = card.row.get("crop")
    span = MediaSpan(raw / media, start_s, end_s, tuple(crop) if isinstance(crop, list | tuple) else None)
    try:
        card = _with_frames(card, Video(span), vision)
    except ClipError as error:
        missing.append(f"pictures: {error}")
    try:
        sound = load_sound(span)
        card = replace(card, envelope=_envelope(sound.waveform), duration_s=max(card.duration_s, sound.duration_s))
    except ClipError as error:
        missing.append(f"sound: {error}")
    return replace(card, missing=tuple(missing))


def _envelope(waveform: np.ndarray) -> Float64[np.ndarray, "steps 2"]:
    steps = np.array_split(waveform.astype(np.float64), min(_ENVELOPE_POINTS, len(waveform)))
    return np.array([[step.min(), step.max()] for step in steps])


def _with_frames(card: ClipCard, video: Video, vision: ClipFeatures | None) -> ClipCard:
    """Pictures at the middle of equal parts of the clip."""
    rate_hz = 2 * KEY_FRAMES / video.duration_s
    frames = list(video.frames(rate_hz, _FRAME_SIDE_PX))[1::2][:KEY_FRAMES]
    return replace(card, frames=tuple(_key_frame(frame, vision) for frame in frames), duration_s=video.duration_s)


def _key_frame(frame: Frame, vision: ClipFeatures | None) -> KeyFrame:
    """The picture with the marks of the row nearest to it."""
    picture = Image.fromarray(frame.rgb)
    marks, has_face = NOTHING, False
    if vision is not None:
        features, names = vision.features, vision.names
        row = int(np.argmin(np.abs(features.times.mean(axis=1) - frame.time_s)))
        marks, has_face = marks_at(features, names, row, picture.width / picture.height), bool(features.mask[row])
    with io.BytesIO() as buffer:
        picture.save(buffer, "WEBP", quality=70, method=4)
        return KeyFrame(frame.time_s, buffer.getvalue(), picture.size, has_face, marks)


def find_dataset(datasets: Sequence[Dataset], clip_id: str) -> Dataset:
    """The dataset that has this clip.

    Raises:
        StoreError: none has it, or several do.
    """
    owners = [dataset for dataset in datasets if clip_id in dataset.clips.index]
    if len(owners) == 1:
        return owners[0]
    if owners:
        names = ", ".join(dataset.name for dataset in owners)
        raise StoreError(f"clip {clip_id} is in {names}; choose one: --dataset {owners[0].name}")
    ids = [str(known) for dataset in datasets for known in dataset.clips.index]
    near = [known for known in ids if clip_id in known or known.partition("$")[0] == clip_id.partition("$")[0]][:3]
    shown = f"; near: {', '.join(near)}" if near else f"; {len(ids)} clips are known"
    raise StoreError(f"no clip {clip_id!r}{shown}; quote ids for the shell, as 'video$_$clip'")
