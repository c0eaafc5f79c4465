"""Reading feature stores into one modality of all clips, on the pack's grid."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32

from pipeline.core.errors import StoreError
from pipeline.features.features import Features
from pipeline.features.store import Header, StoreReader
from pipeline.packs.build.spool import Spool
from pipeline.packs.schema import Lengths

#: Rows of a clip on the pack's grid: values and what was measured.
Gridded = tuple[np.ndarray, np.ndarray]
#: Features of one clip, with what all clips of their extractor share.
Extracted = tuple[str, Features, Header]


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


#: A modality that the pack leaves out: no clip has it. One column, since a layer of no width cannot be built.
ABSENT = Stream(values={}, masks={}, names=("absent",), identity="")


@dataclass(frozen=True)
class Text:
    """The text of all clips.

    Attributes:
        vectors: contextual vectors of the kept tokens.
        tokens: rows of ``text_bert`` per clip, unpadded.
        word_ids: the raw word of each kept token, -1 for special ones.
        lengths: what was cut.
    """

    vectors: Stream
    tokens: Mapping[str, Float32[np.ndarray, "3 _"]]
    word_ids: Mapping[str, Int32[np.ndarray, "_"]]
    lengths: Lengths


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


def load_stream(
    paths: Sequence[Path],
    wanted: set[str],
    regrid: Callable[[str, Features], Gridded],
    *,
    values: Spool | None = None,
) -> Stream:
    """Read one modality of the wanted clips.

    Args:
        paths: its stores.
        wanted: ids of the clips.
        regrid: puts the rows of a clip onto the pack's grid.
        values: where the rows are kept; in memory unless told otherwise.
    """
    return stream_of(stored_clips(paths, wanted), regrid, values=values)


def stream_of(
    clips: Iterable[Extracted], regrid: Callable[[str, Features], Gridded], *, values: Spool | None = None
) -> Stream:
    """Put one modality of some clips onto the pack's grid."""
    kept: dict[str, np.ndarray] | Spool = {} if values is None else values
    masks: dict[str, np.ndarray] = {}
    names: tuple[str, ...] = ()
    identity = ""
    for clip_id, features, header in clips:
        names, identity = header.feature_names, header.identity
        kept[clip_id], masks[clip_id] = regrid(clip_id, features)
    return Stream(kept, masks, names, identity)


def load_text(paths: Sequence[Path], wanted: set[str], rows: int, *, values: Spool | None = None) -> Text:
    """Read tokens and vectors of the wanted clips, cut as `text_of` does."""
    return text_of(stored_clips(paths, wanted), rows, values=values)


def text_of(clips: Iterable[Extracted], rows: int, *, values: Spool | None = None) -> Text:
    """Tokens and vectors of some clips, cut to ``rows - 1`` so that every mask ends with a zero."""
    kept: dict[str, np.ndarray] = {}
    tokens: dict[str, np.ndarray] = {}
    word_ids: dict[str, np.ndarray] = {}

    def cut(clip_id: str, features: Features) -> Gridded:
        keep = _kept_tokens(len(features.values), rows - 1)
        kept[clip_id] = np.array([len(features.values), len(keep)])
        ids, types = features.extras["token_ids"][keep], features.extras["token_types"][keep]
        tokens[clip_id] = np.stack([ids, np.ones_like(ids), types]).astype(np.float32)
        word_ids[clip_id] = features.extras["word_ids"][keep]
        return features.values[keep], np.ones(len(keep), bool)

    vectors = stream_of(clips, cut, values=values)
    lost = {clip_id: int(before - after) for clip_id, (before, after) in kept.items() if before > after}
    lengths = Lengths(
        policy=f"{rows} positions, the last one always padding",
        padded=rows,
        longest=int(max((before for before, _ in kept.values()), default=0)),
        clips_cut=len(lost),
        rows_cut=sum(lost.values()),
    )
    return Text(vectors, tokens, word_ids, lengths)


def load_word_times(paths: Sequence[Path], wanted: set[str]) -> dict[str, WordTimes]:
    """Read the word times of the wanted clips."""
    return word_times_of(stored_clips(paths, wanted))


def word_times_of(clips: Iterable[Extracted]) -> dict[str, WordTimes]:
    """Word times of some clips.

    Raises:
        StoreError: the features are none of word times.
    """
    found = {}
    for clip_id, features, header in clips:
        if "method" not in features.notes:
            raise StoreError(f"{header.extractor} gives no word times; name a words_* extractor under align")
        method, agrees = str(features.notes["method"]), bool(features.notes.get("agrees", 1))
        found[clip_id] = WordTimes(features.times, features.mask, method, agrees)
    return found


def stored_clips(paths: Sequence[Path], wanted: set[str]) -> Iterator[Extracted]:
    """The wanted clips of some stores, one after the other."""
    for path in paths:
        with StoreReader(path) as reader:
            header = reader.header
            for clip_id in sorted(reader.ids() & wanted):
                yield clip_id, reader.read(clip_id), header


def _kept_tokens(length: int, limit: int) -> np.ndarray:
    """All tokens, or the first ones and the closing special token."""
    if length <= limit:
        return np.arange(length)
    return np.append(np.arange(limit - 1), length - 1)
