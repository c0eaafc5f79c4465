"""From feature stores to the arrays of a pack: choose rows, put them on a grid, cut, scale, pad.

A dataset may be larger than the memory: rows on the grid are spooled to disk, and the arrays are computed from them a
block of clips at a time, as they are written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.settings import PackConfig
from pipeline.core.errors import StoreError
from pipeline.core.types import MODALITIES, SPLITS, STREAMS, Modality, Split
from pipeline.packs.build.grid import GridClips, PackGrid, put_on_grid
from pipeline.packs.build.spool import Spool
from pipeline.packs.build.streams import Stream, stored_clips
from pipeline.packs.row_arrays import RowArray
from pipeline.packs.schema import Dropped, PackCard, PackSplit

_LABELS = {"M": "sentiment", "T": "sentiment_text", "A": "sentiment_audio", "V": "sentiment_vision"}
_POLARITY = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}


@dataclass(frozen=True)
class PackInputs:
    """What a pack is built from.

    Attributes:
        labels: rows of ``labels.jsonl``, sorted by clip id.
        texts: transcripts by clip id.
        stores: feature stores by modality.
        quarantine: rows of ``quarantine.jsonl``.
        words: stores of word timings, for an aligned pack.
    """

    labels: Sequence[Mapping[str, Any]]
    texts: Mapping[str, str]
    stores: Mapping[Modality, Sequence[Path]]
    quarantine: Sequence[Mapping[str, Any]]
    words: Sequence[Path] = field(default_factory=list)


def assemble(
    inputs: PackInputs, config: PackConfig, described: Mapping[str, Any], *, scratch: Path
) -> tuple[dict[Split, PackSplit[RowArray]], PackCard]:
    """Build the arrays and the card of a pack.

    Args:
        inputs: labels, texts, stores, quarantine.
        config: the pack's settings.
        described: facts for the card that are not in the inputs (dataset, pack, label range ...).
        scratch: a folder with disk space for the rows of all clips while the arrays are in use.

    Raises:
        StoreError: a split would be empty.
    """
    rows, dropped = choose_rows(inputs, config)
    by_split = {split: [row for row in rows if row["split"] == split] for split in SPLITS}
    empty = [split for split in SPLITS if not by_split[split]]
    if empty:
        raise StoreError(
            f"pack {described['pack']} of {described['dataset']}: no clip left in {', '.join(empty)} "
            f"({len(dropped)} dropped); every split needs at least one clip"
        )
    ids = {split: [row["clip_id"] for row in by_split[split]] for split in SPLITS}
    wanted = set(chain(*ids.values()))
    clips = put_on_grid(
        config,
        {modality: stored_clips(paths, wanted) for modality, paths in inputs.stores.items()},
        stored_clips(inputs.words, wanted),
        new_rows=lambda: Spool(scratch),
    )
    grid = PackGrid.fit(config, clips, ids["train"])
    splits = {
        split: grid.split(
            clips,
            ids[split],
            raw_text=[inputs.texts[clip_id] for clip_id in ids[split]],
            labels=_labels(rows),
            annotations=[row["annotation"] or row["emotion"] or "" for row in rows],
        )
        for split, rows in by_split.items()
    }
    return splits, _card(grid, clips, described, counts={split: len(ids[split]) for split in SPLITS}, dropped=dropped)


def choose_rows(inputs: PackInputs, config: PackConfig) -> tuple[list[Mapping[str, Any]], list[Dropped]]:
    """Choose the clips of a pack; the others get a reason.

    Args:
        inputs: labels and quarantine.
        config: which modalities are required.

    Returns:
        Label rows of the packed clips, and the dropped ones, both sorted by clip id.
    """
    extractors = config.extractors()
    needed = {extractors[modality] for modality in config.required}
    if config.align:
        needed |= {config.align.words, extractors["text"]}
    reasons: dict[str, Mapping[str, Any]] = {}
    for row in inputs.quarantine:
        if row["modality"] == "table" or row["extractor"] in needed:
            reasons.setdefault(row["clip_id"], row)
    splits = {row["clip_id"]: row["split"] for row in inputs.labels}
    dropped = [
        Dropped(
            clip_id=clip_id,
            split=splits.get(clip_id, ""),
            modality=row["modality"],
            stage=row["stage"],
            reason=row["reason"],
        )
        for clip_id, row in sorted(reasons.items())
    ]
    return [row for row in inputs.labels if row["clip_id"] not in reasons], dropped


def _labels(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Labels that every row has; if a dataset has emotions only, M is the sign of the polarity."""
    labels = {"M": np.array([_sentiment(row) for row in rows], np.float32)}
    for which, column in _LABELS.items():
        values = [row[column] for row in rows]
        if which != "M" and all(value is not None for value in values):
            labels[which] = np.array(values, np.float32)
    return labels


def _sentiment(row: Mapping[str, Any]) -> float:
    return _POLARITY.get(row["polarity"], 0.0) if row["sentiment"] is None else row["sentiment"]


def _card(
    grid: PackGrid,
    clips: GridClips,
    described: Mapping[str, Any],
    *,
    counts: dict[Split, int],
    dropped: list[Dropped],
) -> PackCard:
    config = grid.config
    streams: dict[Modality, Stream] = {"text": clips.text.vectors, **clips.streams}
    return PackCard(
        **described,
        aligned=config.align is not None,
        num_clips=counts,
        dims={name: len(grid.columns[name]) for name in MODALITIES},
        extractors=config.extractors(),
        feature_names={name: list(grid.columns[name]) for name in STREAMS},
        rate_hz={} if config.align else {name: stream.rate_hz for name, stream in config.streams().items()},
        lengths=dict(grid.lengths),
        normalisation={name: scaler.described() for name, scaler in grid.scalers.items()},
        alignment=clips.alignment_report(config.align.words) if config.align else None,
        faceless=sorted(clip_id for clip_id, mask in streams["vision"].masks.items() if not mask.any()),
        dropped=dropped,
        settings=config.model_dump(mode="json"),
        identities={extractor: streams[name].identity for name, extractor in config.extractors().items()},
    )
