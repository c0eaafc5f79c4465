"""An existing MMSA pickle as a pack: masks from its lengths; values that are not finite become 0 and are counted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.core.errors import StoreError
from pipeline.core.types import MODALITIES, SPLITS, STREAMS, Modality, Split
from pipeline.packs.build.scaling import Scaler, fit_scaler
from pipeline.packs.schema import LABEL_KEYS, PackCard, PackSplit

_NEEDED = ("id", "raw_text", "text_bert", "audio", "vision", "regression_labels")


def import_splits(
    content: Mapping[Split, Mapping[str, Any]], described: Mapping[str, Any], *, normalise: bool
) -> tuple[dict[Split, PackSplit], PackCard]:
    """Turn the dicts of a pickle into a pack.

    Args:
        content: splits by name, as read from the pickle.
        described: facts for the card that are not in the pickle (dataset, pack, label range ...).
        normalise: scale audio and vision by the statistics of the train split.

    Raises:
        StoreError: a key is missing, row counts differ, or an array is not of the type and shape of its key.
    """
    try:
        for split in SPLITS:
            _check(split, content[split])
        return _imported(content, described, normalise=normalise)
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise StoreError(f"arrays are not as MMSA has them ({reason}); run: python -m pipeline inspect") from error


def _imported(
    content: Mapping[Split, Mapping[str, Any]], described: Mapping[str, Any], *, normalise: bool
) -> tuple[dict[Split, PackSplit], PackCard]:
    counts = {name: sum(_not_finite(content[split][name]) for split in SPLITS) for name in STREAMS}
    plain = {split: _plain_split(content[split]) for split in SPLITS}
    scalers = {name: _scaler(plain["train"], name, normalise=normalise) for name in STREAMS}
    splits = {split: _scaled(plain[split], scalers) for split in SPLITS}
    card = PackCard(
        **described,
        aligned=splits["train"].audio_lengths is None,
        num_clips={split: len(splits[split]) for split in SPLITS},
        dims={name: getattr(splits["train"], name).shape[2] for name in MODALITIES},
        normalisation={name: scaler.described() for name, scaler in scalers.items()},
        not_finite=counts,
    )
    return splits, card


def _check(split: str, arrays: Mapping[str, Any]) -> None:
    missing = [key for key in _NEEDED if key not in arrays]
    if missing:
        raise StoreError(f"{split}: no key {', '.join(missing)}; found {', '.join(sorted(arrays))}")
    rows = len(arrays["regression_labels"])
    for key in _NEEDED:
        if len(arrays[key]) != rows:
            raise StoreError(f"{split}.{key}: {len(arrays[key])} rows; regression_labels has {rows}")


def _not_finite(values: np.ndarray) -> int:
    return int((~np.isfinite(np.asarray(values, np.float64))).sum())


def _plain_split(arrays: Mapping[str, Any]) -> PackSplit:
    text_bert = np.asarray(arrays["text_bert"], np.float32)
    streams = {name: _finite(arrays[name]) for name in STREAMS}
    lengths = {name: _lengths(arrays.get(f"{name}_lengths"), streams[name]) for name in STREAMS}
    fallback = np.zeros((len(text_bert), 1, 1), np.float32)
    return PackSplit(
        ids=[str(value) for value in arrays["id"]],
        raw_text=[str(value) for value in arrays["raw_text"]],
        text=_finite(arrays["text"]) if "text" in arrays else fallback,
        text_bert=text_bert,
        audio=streams["audio"],
        vision=streams["vision"],
        audio_lengths=lengths["audio"],
        vision_lengths=lengths["vision"],
        audio_mask=_mask(lengths["audio"], streams["audio"], text_bert),
        vision_mask=_mask(lengths["vision"], streams["vision"], text_bert),
        labels={
            which: np.asarray(arrays[key], np.float32).reshape(-1) for which, key in LABEL_KEYS.items() if key in arrays
        },
        annotations=[str(value) for value in arrays.get("annotations", [""] * len(text_bert))],
    )


def _finite(values: np.ndarray) -> np.ndarray:
    """COVAREP writes -inf for silence; such values and NaN become 0, as usual in the field."""
    return np.nan_to_num(np.asarray(values, np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def _lengths(lengths: Any, values: np.ndarray) -> np.ndarray | None:
    if lengths is None:
        return None
    return np.clip(np.asarray(lengths, np.int64).reshape(-1), 1, values.shape[1])


def _mask(lengths: np.ndarray | None, values: np.ndarray, text_bert: np.ndarray) -> np.ndarray:
    """Rows before the padding; in an aligned file, the tokens."""
    if lengths is None:
        return text_bert[:, 1, : values.shape[1]] > 0
    return np.arange(values.shape[1])[None, :] < lengths[:, None]


def _scaler(train: PackSplit, name: Modality, *, normalise: bool) -> Scaler:
    values, masks = getattr(train, name), getattr(train, f"{name}_mask")
    return fit_scaler(
        "zscore" if normalise else "none",
        dict(zip(train.ids, values, strict=True)),
        dict(zip(train.ids, masks, strict=True)),
        train.ids,
    )


def _scaled(split: PackSplit, scalers: Mapping[Modality, Scaler]) -> PackSplit:
    return replace(
        split,
        audio=scalers["audio"].apply(split.audio, split.audio_mask),
        vision=scalers["vision"].apply(split.vision, split.vision_mask),
    )
