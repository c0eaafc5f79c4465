"""Computational sequences of the CMU MultimodalSDK as labels, transcript and word timings of the original videos.

A label sequence (``CMU_MOSI_Opinion_Labels.csd``) has the segments of each video and their labels; a word sequence
(``CMU_MOSI_TimestampedWords.csd``) has the words and their times. With the long videos and a table of splits (video_id,
mode) they are a dataset with word timings. Part ids are the numbers of the segments, from 0. Feature sequences are not
read: features are computed from the videos.

Layout: HDF5 with ``/<name>/data/<video>/features`` (n, d) and ``/<name>/data/<video>/intervals`` (n, 2) in seconds.
Source: https://github.com/CMU-MultiComp-Lab/CMU-MultimodalSDK.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float

from pipeline.core.errors import RawDataError
from pipeline.core.hdf5 import open_hdf5
from pipeline.index.manifest import Clip, GivenWord
from pipeline.readers._base import LabelTable, ReaderOptions, contents_of
from pipeline.readers._clips import ClipList
from pipeline.readers._files import FileFinder
from pipeline.readers._tables import TableFormat, read_table

VERSION = 1
PROVIDES = "clips"

#: How the SDK writes a pause.
_PAUSE = "sp"


class Options(ReaderOptions):
    """Options of the reader ``csd``."""

    labels: str = "labels.csd"
    """The label sequence; the first column of its features is the sentiment."""
    words: str = "words.csd"
    """The word sequence."""
    splits: str = "splits.csv"
    """Table with the columns video_id and mode (train, valid, test)."""
    media: list[str] = ["Raw/Video/Full/{video_id}", "Raw/Videos/Full/Combined/{video_id}"]
    """Where a video may be, without its extension."""


@dataclass(frozen=True)
class _Sequence:
    """One video's rows."""

    features: np.ndarray
    intervals_s: Float[np.ndarray, "rows 2"]


def read(root: Path, options: Options) -> LabelTable:
    """Read labels, words and splits, and find the videos.

    Args:
        root: the dataset's raw folder.
        options: names of the files.

    Raises:
        RawDataError: a file is missing, no computational sequence, or names a video without a split.
    """
    labels, words = (_read_sequences(root / name) for name in (options.labels, options.words))
    rows = read_table(root, root / options.splits, TableFormat(("video_id", "mode")))
    splits = {row.word("video_id"): row.word("mode").lower() for row in rows}
    unknown = sorted(labels.keys() - splits.keys())
    if unknown:
        raise RawDataError(
            f"{root / options.splits}: {len(unknown)} videos have no split, such as {unknown[0]}; add rows for them"
        )
    finder = FileFinder(root)
    table = LabelTable(ClipList(), [root / name for name in (options.labels, options.words, options.splits)])
    for video_id, segments in sorted(labels.items()):
        media = finder.locate(options.media, video_id, "").media
        for number, values in enumerate(segments.features):
            words_of_clip = _words_within(words.get(video_id), segments.intervals_s[number])
            table.clips.append(
                Clip(
                    video_id=video_id,
                    part_id=str(number),
                    split=splits[video_id],
                    text=" ".join(word for word, _, _ in words_of_clip),
                    media=media,
                    where=f"{options.labels} {video_id}[{number}]",
                    start_s=max(0.0, float(segments.intervals_s[number, 0])),
                    end_s=float(segments.intervals_s[number, 1]),
                    sentiment=float(values[0]),
                    words=words_of_clip,
                )
            )
    return table


def _read_sequences(path: Path) -> dict[str, _Sequence]:
    if not path.is_file():
        raise RawDataError(f"{path}: no such computational sequence; {contents_of(path.parent)}")
    try:
        with open_hdf5(path) as file:
            data = file[next(iter(file))]["data"]
            return {name: _sequence(group, f"{path}: {name}") for name, group in data.items()}
    except (OSError, KeyError, StopIteration, AttributeError) as error:
        raise RawDataError(f"{path}: no computational sequence ({error}); expected HDF5 with <name>/data") from error


def _sequence(group: h5py.Group, where: str) -> _Sequence:
    features, intervals_s = np.asarray(group["features"]), np.asarray(group["intervals"], np.float64)
    if features.ndim < 2 or intervals_s.shape != (len(features), 2):
        raise RawDataError(
            f"{where}: features {features.shape}, intervals {intervals_s.shape}; expected (n, d) and (n, 2)"
        )
    return _Sequence(features, intervals_s)


def _words_within(words: _Sequence | None, interval_s: Float[np.ndarray, "2"]) -> tuple[GivenWord, ...]:
    """Words whose middle is in the segment, with times from its start."""
    if words is None:
        return ()
    start_s, end_s = max(0.0, float(interval_s[0])), float(interval_s[1])
    middle_s = words.intervals_s.mean(axis=1)
    inside = np.flatnonzero((start_s <= middle_s) & (middle_s < end_s))
    times_s = np.clip(words.intervals_s[inside], start_s, end_s) - start_s
    texts = [_text(words.features[row, 0]) for row in inside]
    return tuple(
        (text, round(float(begin_s), 6), round(float(until_s), 6))
        for text, (begin_s, until_s) in zip(texts, times_s, strict=True)
        if text != _PAUSE
    )


def _text(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
