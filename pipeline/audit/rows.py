"""The rows that a pack should have for a clip, computed from its stores and the card independently of the packer."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pipeline.audit.evidence import Arrays, Fault, Packed

_TOLERANCE = 1e-4
_STREAMS = ("audio", "vision")


def check_rows(pack: Packed, split: str, index: int, stored: Mapping[str, Arrays]) -> Iterator[Fault]:
    """Compare the rows of one clip with its stores.

    Args:
        pack: the pack.
        split: the clip's split.
        index: its place in the split.
        stored: the clip's arrays by extractor; without those that it lacks.
    """
    where = f"{pack.name} {pack.ids(split)[index]}"
    expected = _expected(pack.card, stored)
    for key, rows in expected.items():
        packed = pack.splits[split][key][index]
        if np.shape(rows)[:1] > np.shape(packed)[:1] or not _agree(packed, rows):
            yield Fault(where, f"{key} is not what the stores give")


def _agree(packed: Any, rows: np.ndarray) -> bool:
    """Whether the pack has these rows first, then zeros."""
    if np.ndim(packed) == 0:
        return bool(packed == rows)
    padded = np.zeros(packed.shape)
    padded[: len(rows)] = rows
    return bool(np.allclose(packed, padded, rtol=_TOLERANCE, atol=_TOLERANCE))


def _expected(card: Mapping[str, Any], stored: Mapping[str, Arrays]) -> dict[str, np.ndarray]:
    settings, extractors = card["settings"], card["extractors"]
    expected: dict[str, np.ndarray] = {}
    text = stored.get(extractors["text"])
    tokens = _cut(len(text["values"]), settings["text"]["rows"] - 1) if text else []
    if text:
        ids, types = text["extra.token_ids"][tokens], text["extra.token_types"][tokens]
        expected["text"] = text["values"][tokens]
        expected["text_bert"] = _columns(ids, np.ones(len(tokens)), types, width=settings["text"]["rows"])
    for modality in _STREAMS:
        arrays = stored.get(extractors.get(modality, ""))  # a pack may have no audio or no vision
        if arrays is None:
            rows, mask = np.zeros((1, card["dims"][modality])), np.zeros(1, bool)
        elif settings["align"] and text:
            word_of = text["extra.word_ids"][tokens]
            rows, mask = _by_word(arrays, stored[settings["align"]["words"]], word_of, settings[modality]["pool"])
        else:
            rows, mask = _by_step(arrays, settings[modality])
        limit = card["lengths"][modality]["padded"]
        scaling = card["normalisation"].get(modality, {"method": "none"})
        rows, mask = _scaled(rows, mask, scaling)[:limit], mask[:limit]
        expected |= {modality: rows, f"{modality}_mask": mask}
        if not settings["align"]:
            expected[f"{modality}_lengths"] = np.array(max(1, len(mask)))
    return expected


def _columns(*rows: np.ndarray, width: int) -> np.ndarray:
    return np.stack([np.pad(row, (0, width - len(row))) for row in rows])


def _cut(tokens: int, limit: int) -> list[int]:
    """Indices of the first tokens and of the closing one."""
    return list(range(tokens)) if tokens <= limit else [*range(limit - 1), tokens - 1]


def _by_step(arrays: Arrays, settings: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    values, mask, rate_hz = arrays["values"].astype(float), arrays["mask"], settings["rate_hz"]
    if rate_hz is not None:
        step_of = np.floor((arrays["times"][:, 0] + arrays["times"][:, 1]) / 2 * rate_hz + 1e-6).astype(int)
        rows = [_pooled(values[mask & (step_of == step)], settings["pool"]) for step in range(step_of.max() + 1)]
        mask = np.array([row is not None for row in rows])
        values = np.array([np.zeros(values.shape[1]) if row is None else row for row in rows])
    # MMSA cannot take a length of 0: a clip without a measured row has one masked row.
    return (values, mask) if mask.any() else (values[:1] * 0, mask[:1])


def _by_word(arrays: Arrays, words: Arrays, word_of: np.ndarray, pool: str) -> tuple[np.ndarray, np.ndarray]:
    rows = [_row_of_word(arrays, words, word, pool) for word in word_of]
    empty = np.zeros(arrays["values"].shape[1])
    return np.array([empty if row is None else row for row in rows]), np.array([row is not None for row in rows])


def _row_of_word(arrays: Arrays, words: Arrays, word: int, pool: str) -> np.ndarray | None:
    if word < 0 or not words["mask"][word]:
        return None
    start_s, end_s = words["times"][word]
    during = arrays["mask"] & (arrays["times"][:, 0] < end_s) & (arrays["times"][:, 1] > start_s)
    return _pooled(arrays["values"][during].astype(float), pool)


def _pooled(rows: np.ndarray, pool: str) -> np.ndarray | None:
    if len(rows) == 0:
        return None
    return rows.max(axis=0) if pool == "max" else rows.mean(axis=0)


def _scaled(rows: np.ndarray, mask: np.ndarray, scaling: Mapping[str, Any]) -> np.ndarray:
    if scaling["method"] == "none":
        return rows * mask[:, None]
    return (rows - np.array(scaling["mean"])) / np.array(scaling["scale"]) * mask[:, None]
