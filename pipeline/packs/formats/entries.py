"""The clips of a pack as entries of computational sequences: the possible keys, their rows and times."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64, Int, Shaped

from pipeline import __version__
from pipeline.core.types import SPLITS, Modality
from pipeline.packs.formats.contents import Contents, encoded
from pipeline.packs.formats.csd_sequences import Description, Entry
from pipeline.packs.schema import LABEL_KEYS, PackCard

#: Keys with rows in time, and the modality whose rows they are.
TIMED: dict[str, Modality] = {"text": "text", "text_bert": "text", "audio": "audio", "vision": "vision"}

Entries = dict[str, Entry]


def entry_id(clip_id: str) -> str:
    """``video$_$clip`` as the SDK writes it, ``video[clip]``; an id without ``$_$`` becomes ``video[0]``.

    The SDK takes the part before the first bracket for the video. Brackets, slashes and percent signs within an
    id are written as %5B, %5D, %2F and %25, so that different ids stay different.
    """
    video, _, clip = (_escaped(part) for part in clip_id.partition("$_$"))
    return f"{video}[{clip or '0'}]"


def _escaped(part: str) -> str:
    return re.sub(r"[%/\[\]\0]", lambda match: f"%{ord(match[0]):02X}", part)


def is_column(contents: Contents, key: str, *, kinds: str) -> bool:
    """One value per clip, in all splits."""
    return all(
        key in arrays and arrays[key].shape == arrays["id"].shape and arrays[key].dtype.kind in kinds
        for arrays in contents.values()
    )


def is_label(contents: Contents, key: str) -> bool:
    """A regression label of the same type as the others, so that they share an array."""
    if not is_column(contents, key, kinds="f") or not is_column(contents, LABEL_KEYS["M"], kinds="f"):
        return False
    return len({arrays[name].dtype for arrays in contents.values() for name in (key, LABEL_KEYS["M"])}) == 1


def is_timed(contents: Contents, key: str) -> bool:
    """Rows per clip, of one width and type in all splits; other arrays are stored unchanged elsewhere."""
    if not all(key in arrays and arrays[key].ndim == 3 for arrays in contents.values()):
        return False
    rows = [rows_first(arrays, key) for arrays in contents.values()]
    complete = all(len(part) == len(arrays["id"]) for part, arrays in zip(rows, contents.values(), strict=True))
    alike = len({(part.dtype, part.shape[2]) for part in rows}) == 1
    return complete and alike and all(part.shape[1] > 0 and part.dtype.kind in "biuf" for part in rows)


def rows_first(arrays: Mapping[str, np.ndarray], key: str) -> Shaped[np.ndarray, "clips steps width"]:
    """MMSA has the tokens of ``text_bert`` on the last axis; rows in time come first here."""
    return np.ascontiguousarray(arrays[key].transpose(0, 2, 1)) if key == "text_bert" else arrays[key]


def row_entries(contents: Contents, key: str, card: PackCard | None) -> Entries:
    """The measured rows of every clip, at the card's rate or, without one, numbered."""
    step_s = 1 / (_rate_hz(key, card) or 1.0)
    entries: Entries = {}
    for split in SPLITS:
        arrays = contents[split]
        counts = _row_counts(arrays, key)
        for clip_id, rows, count in zip(arrays["id"], rows_first(arrays, key), counts, strict=True):
            entries[entry_id(str(clip_id))] = Entry(rows[:count], _grid(int(count), step_s))
    return entries


def _rate_hz(key: str, card: PackCard | None) -> float | None:
    return card.rate_hz.get(TIMED[key]) if card and not card.aligned else None


def _grid(count: int, step_s: float) -> Float64[np.ndarray, "{count} 2"]:
    edges = np.arange(count + 1) * step_s
    return np.stack([edges[:-1], edges[1:]], 1)


def _row_counts(arrays: Mapping[str, np.ndarray], key: str) -> Int[np.ndarray, "clips"]:
    """Rows before the padding: the stated length, but at least up to the last row with a value."""
    rows = rows_first(arrays, key)
    filled = np.any(rows.view(np.uint8), axis=2)
    last = np.where(np.any(filled, axis=1), filled.shape[1] - np.argmax(filled[:, ::-1], axis=1), 0)
    return np.clip(np.maximum(last, _stated_counts(arrays, key)), 1, rows.shape[1])


def _stated_counts(arrays: Mapping[str, np.ndarray], key: str) -> np.ndarray:
    """By the modality's lengths; where there are none (text, an aligned pack), by the tokens."""
    lengths, tokens = arrays.get(f"{TIMED[key]}_lengths"), arrays.get("text_bert")
    if lengths is not None and lengths.shape == arrays["id"].shape:
        return lengths.astype(np.int64)
    if tokens is not None and tokens.ndim == 3 and tokens.shape[:2] == (len(arrays["id"]), 3):
        return (tokens[:, 1] > 0).sum(1)
    return np.zeros(len(arrays["id"]), np.int64)


def whole_clips(contents: Contents, timed: Mapping[str, Entries]) -> dict[str, Float64[np.ndarray, "1 2"]]:
    """One interval per clip, from 0 to the end of its last row in any sequence."""
    names = [entry_id(str(clip_id)) for split in SPLITS for clip_id in contents[split]["id"]]
    ends = {name: max((entries[name].intervals[-1, 1] for entries in timed.values()), default=1.0) for name in names}
    return {name: np.array([[0.0, end]]) for name, end in ends.items()}


def label_entries(contents: Contents, keys: Sequence[str], spans: Mapping[str, np.ndarray]) -> Entries:
    """The labels of every clip as one row, one column per key."""
    entries: Entries = {}
    for split in SPLITS:
        columns = np.stack([contents[split][key] for key in keys], 1)
        for clip_id, row in zip(contents[split]["id"], columns, strict=True):
            name = entry_id(str(clip_id))
            entries[name] = Entry(row[None, :], spans[name])
    return entries


def string_entries(contents: Contents, key: str, spans: Mapping[str, np.ndarray]) -> Entries:
    """A string of every clip as one value of UTF-8 bytes, as the SDK keeps words."""
    entries: Entries = {}
    for split in SPLITS:
        for clip_id, value in zip(contents[split]["id"], contents[split][key], strict=True):
            name = entry_id(str(clip_id))
            entries[name] = Entry(encoded(np.array([[str(value)]]), f"{split}.{key}: {clip_id}"), spans[name])
    return entries


def about_rows(key: str, entries: Mapping[str, Entry], card: PackCard | None) -> Description:
    """Metadata of rows in time: what they are, and whether their intervals are real seconds."""
    width = next(entry.features.shape[1] for entry in entries.values())
    names = card.feature_names.get(TIMED[key], []) if card else []
    if key == "text_bert":
        names = ["token id", "attention mask", "token type"]
    if len(names) != width:
        names = [f"{key}_{column}" for column in range(width)]
    rate_hz = _rate_hz(key, card)
    times = (
        f"intervals in seconds from the start of the clip, {rate_hz:g} rows per second"
        if rate_hz
        else "intervals are row numbers, not time: row i is given as i to i + 1 nominal seconds"
    )
    per_token = TIMED[key] == "text" or (card is not None and card.aligned)
    rows = "one row per sub-word token, special tokens included" if per_token else "one row per step"
    return _description(f"{key}: {rows}; {times}", names, card, in_seconds=rate_hz is not None)


def about(names: Sequence[str], card: PackCard | None) -> Description:
    """Metadata of a sequence with one row per clip."""
    text = f"{', '.join(names)}: one row per clip; its interval reaches to the clip's last row in any sequence"
    return _description(text, names, card, in_seconds=False)


def _description(text: str, names: Sequence[str], card: PackCard | None, *, in_seconds: bool) -> Description:
    return Description(
        text=text,
        dimension_names=tuple(names),
        in_seconds=in_seconds,
        dataset=card.dataset if card else "unknown",
        creator=f"triptych {__version__}",
    )
