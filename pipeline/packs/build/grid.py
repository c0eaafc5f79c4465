"""The grid of a pack: rows per second or per token, padded lengths, and scale; fitted once, or read from a card."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.config.loading import validated
from pipeline.config.settings import PackConfig, StreamSettings
from pipeline.core.errors import StoreError
from pipeline.core.types import MODALITIES, STREAMS, Modality
from pipeline.features.features import Features
from pipeline.packs.build.lengths import fixed_length
from pipeline.packs.build.padding import lazy_values, lazy_vectors, pad_mask, pad_tokens
from pipeline.packs.build.pooling import pool_to_rate, pool_to_words
from pipeline.packs.build.scaling import UNSCALED, Scaler, fit_scaler, scaler_of
from pipeline.packs.build.spool import Spool
from pipeline.packs.build.streams import (
    ABSENT,
    ExtractedClip,
    PooledRows,
    Regrid,
    Stream,
    Text,
    WordTimes,
    stream_of,
    text_of,
    word_times_of,
)
from pipeline.packs.row_arrays import RowArray
from pipeline.packs.schema import AlignmentReport, LengthReport, PackCard, PackSplit


@dataclass(frozen=True)
class GridClips:
    """Clips on the grid of a pack, not yet cut, scaled or padded.

    Attributes:
        text: tokens and vectors; these are cut.
        streams: audio and vision; `ABSENT` where the pack leaves the modality out.
        words: word timings by clip id, in an aligned pack.
    """

    text: Text
    streams: Mapping[Modality, Stream]
    words: Mapping[str, WordTimes]

    def alignment_report(self, extractor: str) -> AlignmentReport:
        """Count how the words got their times (by ``extractor``), and the tokens without rows."""
        word_ids, words = self.text.word_ids, sorted(self.words.items())
        return AlignmentReport(
            words=extractor,
            methods=dict(sorted(Counter(timed.method for _, timed in words).items())),
            fallback_clips=[key for key, timed in words if timed.method == "proportional" or not timed.agrees],
            tokens_without_rows={
                name: sum(int(((word_ids[key] >= 0) & ~mask).sum()) for key, mask in stream.masks.items())
                for name, stream in self.streams.items()
            },
        )


def put_on_grid(
    config: PackConfig,
    extracted: Mapping[Modality, Iterable[ExtractedClip]],
    words: Iterable[ExtractedClip],
    *,
    new_rows: Callable[[], dict[str, np.ndarray] | Spool] = dict,
) -> GridClips:
    """Pool the rows of clips to the pack's rate, or over the words of their tokens.

    Args:
        config: the pack's settings.
        extracted: features of each modality; those of text are required in an aligned pack.
        words: word timings; read for an aligned pack only, where a clip without them gets no audio and vision.
        new_rows: makes a container for the rows of one modality: in memory, or on disk.
    """
    text = text_of(extracted.get("text", ()), config.text.rows, values=new_rows())
    times = word_times_of(words) if config.align else {}
    settings = config.streams()

    def stream(name: Modality) -> Stream:
        clips = extracted.get(name, ())
        if config.align is None:
            return stream_of(clips, _to_rate(settings[name]), values=new_rows())
        timed = (clip for clip in clips if clip[0] in times and clip[0] in text.word_ids)
        return stream_of(timed, _to_tokens(settings[name], times, text), values=new_rows())

    return GridClips(text, {name: stream(name) if name in settings else ABSENT for name in STREAMS}, times)


@dataclass(frozen=True)
class PackGrid:
    """What turns clips on the grid into the arrays of a pack.

    Attributes:
        config: the pack's settings.
        lengths: of the padded axes.
        columns: feature names by modality; empty names where the card has none.
        scalers: statistics of the train split; a modality without any is not scaled.
    """

    config: PackConfig
    lengths: Mapping[Modality, LengthReport]
    columns: Mapping[Modality, tuple[str, ...]]
    scalers: Mapping[Modality, Scaler]

    @classmethod
    def fit(cls, config: PackConfig, clips: GridClips, train: Sequence[str]) -> "PackGrid":
        """Fix lengths and scale on the clips of a new pack; scale and percentiles see the train clips alone."""
        text, streams = clips.text, clips.streams
        settings = config.streams()
        lengths = {name: _length(config, settings.get(name), streams[name], train, text) for name in STREAMS}
        scalers = {
            name: fit_scaler(stream.normalise, streams[name].values, streams[name].masks, train)
            for name, stream in settings.items()
        }
        columns = {"text": text.vectors.names, **{name: streams[name].names for name in STREAMS}}
        return cls(config, {"text": text.lengths, **lengths}, columns, scalers)

    @classmethod
    def from_card(cls, card: PackCard) -> "PackGrid":
        """The grid of a finished pack."""
        return cls(
            config=validated(PackConfig, card.settings, f"settings of pack {card.pack}"),
            lengths=card.lengths,
            columns={name: tuple(card.feature_names.get(name, ())) or ("",) * card.dims[name] for name in MODALITIES},
            scalers={name: scaler_of(statistics) for name, statistics in card.normalisation.items()},
        )

    def split(
        self,
        clips: GridClips,
        ids: Sequence[str],
        *,
        raw_text: Sequence[str],
        labels: Mapping[str, np.ndarray],
        annotations: Sequence[str],
    ) -> PackSplit[RowArray]:
        """The arrays of some clips, computed as they are read; a modality that a clip lacks is masked.

        Raises:
            StoreError: the features have other columns than the pack.
        """
        self._check_columns("text", clips.text.vectors)
        return PackSplit(
            ids=list(ids),
            raw_text=list(raw_text),
            text=lazy_vectors(clips.text, ids, width=len(self.columns["text"])),
            text_bert=pad_tokens(clips.text, ids),
            **self.arrays(clips, "audio", ids),
            **self.arrays(clips, "vision", ids),
            labels=labels,
            annotations=list(annotations),
        )

    def arrays(self, clips: GridClips, modality: Modality, ids: Sequence[str]) -> dict[str, Any]:
        """The three fields of one modality in a `PackSplit`: values, mask and lengths.

        Raises:
            StoreError: the features have other columns than the pack.
        """
        stream, rows = clips.streams[modality], self.lengths[modality].padded
        self._check_columns(modality, stream)
        shape = (len(ids), rows, len(self.columns[modality]))
        mask, lengths = pad_mask(stream, ids, rows)
        return {
            modality: lazy_values(stream, ids, shape, self.scalers.get(modality, UNSCALED)),
            f"{modality}_mask": mask,
            f"{modality}_lengths": None if self.config.align else lengths,
        }

    def _check_columns(self, modality: Modality, stream: Stream) -> None:
        expected = self.columns[modality]
        same = stream.names == expected if any(expected) else len(stream.names) == len(expected)
        if stream.names and not same:
            raise StoreError(
                f"{self.config.extractors()[modality]} gives {len(stream.names)} columns that are not the "
                f"{len(expected)} of the pack; build the pack again and retrain the run"
            )


def _to_rate(settings: StreamSettings) -> Regrid:
    """Rows pooled to the setting's rate."""

    def regrid(clip_id: str, features: Features) -> PooledRows:
        del clip_id
        rows, mask = pool_to_rate(features, settings.rate_hz, settings.pool)
        # A clip without a single measured row keeps one masked row of zeros: MMSA cannot take a length of 0.
        return (rows, mask) if mask.any() else (rows[:1] * 0, mask[:1])

    return regrid


def _to_tokens(settings: StreamSettings, words: Mapping[str, WordTimes], text: Text) -> Regrid:
    """Rows pooled over each token's word; special tokens, and tokens of words without rows, are masked."""

    def regrid(clip_id: str, features: Features) -> PooledRows:
        timed = words[clip_id]
        values, mask = pool_to_words(features, timed.times, timed.mask, settings.pool)
        word_ids = text.word_ids[clip_id]
        is_word = word_ids >= 0
        token_mask = is_word & mask[np.maximum(word_ids, 0)]
        return np.where(token_mask[:, None], values[np.maximum(word_ids, 0)], 0).astype(np.float32), token_mask

    return regrid


def _length(
    config: PackConfig, settings: StreamSettings | None, stream: Stream, train: Sequence[str], text: Text
) -> LengthReport:
    """In an aligned pack the text's length, else the modality's own policy; MMSA's models need the text's at least."""
    if config.align:
        return text.lengths
    if settings is None:
        return text.lengths.model_copy(update={"policy": "not packed", "longest": 0, "clips_cut": 0, "rows_cut": 0})
    counts = {clip_id: len(mask) for clip_id, mask in stream.masks.items()}
    return fixed_length(settings.length, counts, set(train), at_least=config.text.rows)
