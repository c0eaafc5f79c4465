"""One modality of all clips on a pack's grid, and the word timings that an aligned pack needs."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32

from pipeline.core.errors import StoreError
from pipeline.features.features import Features
from pipeline.features.store import Header, StoreReader
from pipeline.packs.build.spool import Spool
from pipeline.packs.schema import LengthReport

#: Rows of a clip on the pack's grid: values and mask of the measured ones.
PooledRows = tuple[np.ndarray, np.ndarray]
#: Puts the rows of a clip, named by its id, onto the pack's grid.
Regrid = Callable[[str, Features], PooledRows]
#: Id and features of a clip, with the header of their store.
ExtractedClip = tuple[str, Features, Header]


@dataclass(frozen=True)
class Stream:
    """One modality of all clips, ready to be padded.

    Attributes:
        values: rows per clip; a clip that lacks the modality is not in it.
        masks: measured rows per clip.
        names: feature names.
        identity: the extractor's identity.
    """

    values: Mapping[str, Float32[np.ndarray, "_ features"]]
    masks: Mapping[str, Bool[np.ndarray, "_"]]
    names: tuple[str, ...]
    identity: str


#: A modality that the pack leaves out: no clip has it. One column, because a layer of width 0 cannot be built.
ABSENT = Stream(values={}, masks={}, names=("absent",), identity="")


@dataclass(frozen=True)
class Text:
    """The text of all clips.

    Attributes:
        vectors: contextual vectors of the tokens, after cutting.
        tokens: rows of ``text_bert`` per clip, unpadded.
        word_ids: the raw word of each token, -1 for special ones.
        lengths: of the padded axis, and what it cuts.
    """

    vectors: Stream
    tokens: Mapping[str, Float32[np.ndarray, "3 _"]]
    word_ids: Mapping[str, Int32[np.ndarray, "_"]]
    lengths: LengthReport


@dataclass(frozen=True)
class WordTimes:
    """When the words of a clip are spoken.

    Attributes:
        times: start and end of each raw word in seconds.
        mask: False for words without a time.
        method: what timed them.
        agrees: False if the transcript does not seem to fit the sound.
    """

    times: Float64[np.ndarray, "words 2"]
    mask: Bool[np.ndarray, "words"]
    method: str
    agrees: bool


def stored_clips(paths: Sequence[Path], wanted: Collection[str]) -> Iterator[ExtractedClip]:
    """Read the wanted clips of some stores, one after the other."""
    for path in paths:
        with StoreReader(path) as reader:
            header = reader.header
            for clip_id in sorted(reader.ids().intersection(wanted)):
                yield clip_id, reader.read(clip_id), header


def stream_of(clips: Iterable[ExtractedClip], regrid: Regrid, *, values: dict[str, np.ndarray] | Spool) -> Stream:
    """Put one modality of some clips onto the pack's grid; its rows go into ``values``, in memory or on disk."""
    masks: dict[str, np.ndarray] = {}
    names: tuple[str, ...] = ()
    identity = ""
    for clip_id, features, header in clips:
        names, identity = header.feature_names, header.identity
        values[clip_id], masks[clip_id] = regrid(clip_id, features)
    return Stream(values, masks, names, identity)


def text_of(clips: Iterable[ExtractedClip], rows: int, *, values: dict[str, np.ndarray] | Spool) -> Text:
    """Tokens and vectors of some clips, cut to ``rows - 1`` so that every mask ends with a zero."""
    counts: dict[str, int] = {}
    tokens: dict[str, np.ndarray] = {}
    word_ids: dict[str, np.ndarray] = {}

    def cut(clip_id: str, features: Features) -> PooledRows:
        counts[clip_id] = len(features.values)
        chosen = _within_limit(counts[clip_id], rows - 1)
        ids, types = features.extras["token_ids"][chosen], features.extras["token_types"][chosen]
        tokens[clip_id] = np.stack([ids, np.ones_like(ids), types]).astype(np.float32)
        word_ids[clip_id] = features.extras["word_ids"][chosen]
        return features.values[chosen], np.ones(len(chosen), bool)

    vectors = stream_of(clips, cut, values=values)
    cuts = [count - (rows - 1) for count in counts.values() if count > rows - 1]
    lengths = LengthReport(
        policy=f"{rows} positions, the last one always padding",
        padded=rows,
        longest=max(counts.values(), default=0),
        clips_cut=len(cuts),
        rows_cut=sum(cuts),
    )
    return Text(vectors, tokens, word_ids, lengths)


def word_times_of(clips: Iterable[ExtractedClip]) -> dict[str, WordTimes]:
    """Word timings of some clips.

    Raises:
        StoreError: the features are not word timings.
    """
    times = {}
    for clip_id, features, header in clips:
        if "method" not in features.notes:
            raise StoreError(f"{header.extractor} gives no word timings; name a words_* extractor under align")
        method, agrees = str(features.notes["method"]), bool(features.notes.get("agrees", 1))
        times[clip_id] = WordTimes(features.times, features.mask, method, agrees)
    return times


def _within_limit(length: int, limit: int) -> np.ndarray:
    """Indices of all tokens, or of the first ones and the closing special token."""
    if length <= limit:
        return np.arange(length)
    return np.append(np.arange(limit - 1), length - 1)
