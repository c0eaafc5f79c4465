"""The undocumented assumptions of MMSA, checked before hours of training.

The checks take the dicts of a pickle (or an HDF5 read into the same dicts), so that files of any origin can be
checked. Each check yields findings: an error would crash or mislead MMSA, a warning concerns some models only.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from pipeline.core.types import SPLITS, STREAMS, Split

SplitArrays = Mapping[str, Any]
_REQUIRED = ("id", "raw_text", "text", "text_bert", "audio", "vision", "regression_labels")
_STRINGS = ("id", "raw_text")
_OPTIONAL = ("audio_lengths", "vision_lengths")
#: Larger absolute values suggest features that were not scaled.
_UNSCALED = 100.0


@dataclass(frozen=True)
class Finding:
    """A violation, or a remark.

    Attributes:
        level: error or warning.
        where: split and key.
        what: actual, expected, what to do.
    """

    level: Literal["error", "warning"]
    where: str
    what: str


def check(splits: Mapping[Split, SplitArrays]) -> list[Finding]:
    """Check a pack against the rules of MMSA's loader and models."""
    findings = list(_splits_and_keys(splits))
    for rules in (_KIND_RULES, _SHAPE_RULES, _VALUE_RULES):
        if any(finding.level == "error" for finding in findings):
            return findings  # the next rules assume that these hold
        findings += [
            Finding(finding.level, f"{split}.{finding.where}", finding.what)
            for split in SPLITS
            for rule in rules
            for finding in rule(splits[split])
        ]
    return findings + list(_across_splits(splits))


def _error(where: str, what: str) -> Finding:
    return Finding("error", where, what)


def _warning(where: str, what: str) -> Finding:
    return Finding("warning", where, what)


def _splits_and_keys(splits: Mapping[Split, SplitArrays]) -> Iterator[Finding]:
    for split in SPLITS:
        if split not in splits:
            yield _error(split, "the split is missing; MMSA reads all three")
            continue
        missing = [key for key in _REQUIRED if key not in splits[split]]
        if missing:
            yield _error(split, f"keys missing: {', '.join(missing)}; write them")
        elif _is_empty(splits[split]["regression_labels"]):
            yield _error(split, "no rows; every split needs some")


def _is_empty(rows: Any) -> bool:
    is_list = rows.ndim > 0 if isinstance(rows, np.ndarray) else isinstance(rows, (list, tuple))
    return is_list and len(rows) == 0


def _kinds(arrays: SplitArrays) -> Iterator[Finding]:
    """Rows of strings and rows of numbers, which the other rules assume."""
    for key in (*_REQUIRED, *_OPTIONAL):
        if key not in arrays:
            continue
        try:
            array = np.asarray(arrays[key])
        except (TypeError, ValueError):
            yield _error(key, "rows of unequal shapes; expected an array")
            continue
        if array.ndim == 0:
            yield _error(key, f"a {type(arrays[key]).__name__}; expected one row per clip")
        elif key not in _STRINGS and array.dtype.kind not in "biuf":
            yield _error(key, f"contains {array.dtype}; expected numbers")


def _rows(arrays: SplitArrays) -> Iterator[Finding]:
    expected = len(arrays["regression_labels"])
    for key in (*_REQUIRED, *_OPTIONAL):
        if key in arrays and len(arrays[key]) != expected:
            yield _error(key, f"{len(arrays[key])} rows; regression_labels has {expected}")


def _ids(arrays: SplitArrays) -> Iterator[Finding]:
    ids = [str(value) for value in arrays["id"]]
    if len(set(ids)) != len(ids):
        yield _error("id", f"{len(ids) - len(set(ids))} ids occur twice; expected each once")
    if not all("$_$" in clip_id for clip_id in ids):
        yield _warning("id", "not all ids read video$_$clip, as the field's do")


def _shapes(arrays: SplitArrays) -> Iterator[Finding]:
    for key in ("text", *STREAMS):
        if not isinstance(arrays[key], np.ndarray) or arrays[key].ndim != 3:
            yield _error(key, "not a 3-dimensional array; expected (clips, steps, features)")
    tokens = np.shape(arrays["text_bert"])
    if len(tokens) != 3 or tokens[1] != 3:
        yield _error("text_bert", f"shape {tokens}; expected (clips, 3, tokens): ids, mask, token types")
    for name in _OPTIONAL:
        if name in arrays and np.size(arrays[name]) != len(arrays["regression_labels"]):
            yield _error(name, f"shape {np.shape(arrays[name])}; expected one length per clip")


def _dtype(arrays: SplitArrays) -> Iterator[Finding]:
    """Rule 1: everything is cast to float32."""
    for key in ("text", *STREAMS):
        if arrays[key].dtype != np.float32:
            yield _warning(key, f"stored as {arrays[key].dtype}; MMSA casts to float32, store that")


def _finite(arrays: SplitArrays) -> Iterator[Finding]:
    for key in ("text", *STREAMS):
        bad = int((~np.isfinite(np.asarray(arrays[key], np.float64))).sum())
        if bad:
            yield _error(key, f"{bad} values are NaN or infinite; MMSA replaces only -inf in audio")


def _lengths(arrays: SplitArrays) -> Iterator[Finding]:
    """Rules 3, 4 and 5: padding at the end, lengths from 1 to the padded axis."""
    for key in STREAMS:
        if f"{key}_lengths" not in arrays:
            continue
        lengths, rows = np.asarray(arrays[f"{key}_lengths"]).reshape(-1), arrays[key].shape[1]
        if lengths.min() < 1:
            yield _error(f"{key}_lengths", f"{int((lengths < 1).sum())} are 0; give a masked row of zeros and length 1")
        if lengths.max() > rows:
            yield _error(f"{key}_lengths", f"up to {lengths.max()}; the padded axis has {rows}")
        past = np.arange(rows)[None, :] >= lengths[:, None]
        if np.abs(np.asarray(arrays[key])[past]).sum() > 0:
            yield _error(key, "values beyond the stated length; pad at the end with zeros")


def _tokens(arrays: SplitArrays) -> Iterator[Finding]:
    """Rule 7, and what BERT models read."""
    mask = np.asarray(arrays["text_bert"])[:, 1]
    if not np.isin(mask, (0, 1)).all():
        yield _error("text_bert", "row 1 is not a mask of 0 and 1")
    elif (np.diff(mask, axis=1) > 0).any():
        yield _error("text_bert", "the mask has a one after a zero; put the tokens first")
    elif (mask.sum(1) == 0).any():
        yield _error("text_bert", "a clip without any token")
    elif mask.all(axis=1).any():
        yield _warning("text_bert", "a mask without a zero: tfr_net takes the first zero as the length")


def _steps(arrays: SplitArrays) -> Iterator[Finding]:
    """Rules 5 and 6: misa and aligned runs count tokens, MulT convolves five steps."""
    for key in ("text", *STREAMS):
        if arrays[key].shape[1] < 5:
            yield _warning(key, f"{arrays[key].shape[1]} steps; mult convolves five without padding")
    longest = int(np.asarray(arrays["text_bert"])[:, 1].sum(1).max())
    for key in STREAMS:
        if arrays[key].shape[1] < longest:
            yield _warning(key, f"{arrays[key].shape[1]} steps; misa takes as many as the longest text has: {longest}")


def _aligned(arrays: SplitArrays) -> Iterator[Finding]:
    """Rule 11: an aligned file has no lengths and one number of steps."""
    if any(f"{key}_lengths" in arrays for key in STREAMS):
        return
    steps = {key: arrays[key].shape[1] for key in ("text", *STREAMS)}
    if len(set(steps.values())) > 1:
        yield _error("audio_lengths", f"no lengths, yet the steps differ {steps}; write lengths or align")


def _labels(arrays: SplitArrays) -> Iterator[Finding]:
    """Rule 12, and the type of the labels per modality."""
    labels = np.asarray(arrays["regression_labels"], np.float64)
    if not np.isfinite(labels).all():
        yield _error("regression_labels", "NaN or infinite labels")
    elif not labels.any():
        if _emotions(arrays):
            yield _warning("regression_labels", "all are 0, the labels are emotions; MMSA has nothing to regress on")
        else:
            yield _error("regression_labels", "all are 0; the Non0 metrics need one that is not")
    for which in "TAV":
        key = f"regression_labels_{which}"
        if key in arrays and not isinstance(arrays[key], np.ndarray):
            yield _error(key, "a list; MMSA calls astype on it, store an array")


def _emotions(arrays: SplitArrays) -> set[str]:
    """Annotations that are not a polarity."""
    return {str(name).lower() for name in arrays.get("annotations", ())} - {"", "negative", "neutral", "positive"}


def _scale(arrays: SplitArrays) -> Iterator[Finding]:
    """Rule 13: MMSA never scales features."""
    for key in STREAMS:
        largest = float(np.abs(np.nan_to_num(np.asarray(arrays[key], np.float64))).max(initial=0))
        if largest > _UNSCALED:
            yield _warning(key, f"values up to {largest:.3g}; scale by the train split, MMSA does not")


_Rule = Callable[[SplitArrays], Iterator[Finding]]
_KIND_RULES: tuple[_Rule, ...] = (_kinds,)
_SHAPE_RULES: tuple[_Rule, ...] = (_rows, _shapes)
_VALUE_RULES: tuple[_Rule, ...] = (_ids, _dtype, _finite, _lengths, _tokens, _steps, _aligned, _labels, _scale)


def _across_splits(splits: Mapping[Split, SplitArrays]) -> Iterator[Finding]:
    """Rules 2, 8 and 9, and ids in two splits."""
    for key in ("text", "text_bert", *STREAMS):
        shapes = {split: np.shape(splits[split][key])[1:] for split in SPLITS}
        if len(set(shapes.values())) > 1:
            yield _error(key, f"shapes differ between splits: {shapes}")
    ids = {split: {str(value) for value in splits[split]["id"]} for split in SPLITS}
    for one, other in combinations(SPLITS, 2):
        if shared := ids[one] & ids[other]:
            yield _error("id", f"{len(shared)} clips are in {one} and in {other}, such as {min(shared)}")
    width = splits["train"]["text"].shape[2]
    if width != 768:
        yield _warning("text", f"{width} wide; MMSA's BERT models assume 768 (they read text_bert, not this)")
    rows = len(splits["train"]["id"])
    bad = [size for size in (16, 32, 64, 128) if rows % size == 1]
    if bad:
        yield _warning("train", f"{rows} clips leave a batch of one at batch size {bad}: batch norm fails there")
    if rows not in (1284, 16326, 1368):
        yield _warning("train", f'{rows} clips: pass config={{"train_samples": {rows}}} to MMSA\'s self_mm')
