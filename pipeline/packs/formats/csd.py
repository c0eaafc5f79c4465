"""A pack as a folder of computational sequences for the CMU SDK, from which the same pack can be read again.

The ``.csd`` files contain the rows of clips without padding. ``triptych.h5``, which the SDK ignores, contains what
the SDK's format lacks: order of rows, splits, masks, lengths, and lengths of the padded axes.
docs/formats.md describes each file.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.errors import StoreError
from pipeline.core.hdf5 import open_hdf5
from pipeline.core.types import SPLITS, Split
from pipeline.packs.formats.contents import Contents, plain, read_contents, write_contents
from pipeline.packs.formats.csd_sequences import Entry, read_sequence, write_sequence
from pipeline.packs.formats.entries import (
    TIMED,
    about,
    about_rows,
    entry_id,
    is_column,
    is_label,
    is_timed,
    label_entries,
    row_entries,
    rows_first,
    string_entries,
    whole_clips,
)
from pipeline.packs.formats.files import read_card
from pipeline.packs.schema import LABEL_KEYS

#: The card of a csd folder.
CARD = "card.json"

_REST = "triptych.h5"
_FORMAT = "triptych-csd-1"
_STRINGS = ("raw_text", "annotations")


def write_csd(folder: Path, contents: Contents, *, card_file: Path | None = None) -> None:
    """Write a pack as computational sequences; equal input gives equal bytes.

    Args:
        folder: created, or replaced if it is an earlier export.
        contents: arrays as `plain` gives them.
        card_file: the pack's card, for rates and feature names; copied into the folder.

    Raises:
        StoreError: the folder contains something else, the card is not readable, or two clips share an id.
    """
    _refuse_repeated_ids(contents)
    card = read_card(card_file) if card_file else None
    timed = {key: row_entries(contents, key, card) for key in TIMED if is_timed(contents, key)}
    spans = whole_clips(contents, timed)
    labels = [key for key in LABEL_KEYS.values() if is_label(contents, key)]
    strings = [key for key in _STRINGS if is_column(contents, key, kinds="U")]
    with _replaced(folder) as part:
        for key, entries in timed.items():
            write_sequence(part / f"{key}.csd", key, entries, about_rows(key, entries, card))
        if labels:
            write_sequence(part / "labels.csd", "labels", label_entries(contents, labels, spans), about(labels, card))
        for key in strings:
            entries = string_entries(contents, key, spans)
            write_sequence(part / f"{key}.csd", key, entries, about([key], card))
        _write_rest(part / _REST, contents, {"rows": list(timed), "labels": labels, "strings": strings})
        if card_file:
            shutil.copyfile(card_file, part / CARD)


def _refuse_repeated_ids(contents: Contents) -> None:
    seen: dict[str, str] = {}
    for split in SPLITS:
        if contents[split].get("id", np.array(0)).ndim != 1:
            raise StoreError(f"{split}: no list of clip ids under id; computational sequences are indexed by them")
        for clip_id in map(str, contents[split]["id"]):
            where = f"{clip_id} in {split}"
            if entry_id(clip_id) in seen:
                raise StoreError(
                    f"{seen[entry_id(clip_id)]} and {where} would both be the entry {entry_id(clip_id)}; "
                    "computational sequences contain each id once; rename one of them"
                )
            seen[entry_id(clip_id)] = where
    if not seen:
        raise StoreError("no clip in any split; expected at least one")


def _write_rest(path: Path, contents: Contents, moved: Mapping[str, list[str]]) -> None:
    gone = {key for keys in moved.values() for key in keys}
    rest: Contents = {
        split: {key: array for key, array in contents[split].items() if key not in gone} for split in SPLITS
    }
    steps = {key: {split: rows_first(contents[split], key).shape[1] for split in SPLITS} for key in moved["rows"]}
    layout = {"rows": steps, "labels": moved["labels"], "strings": moved["strings"]}
    write_contents(path, rest, {"format": _FORMAT, "layout": json.dumps(layout, sort_keys=True)})


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Yield a folder next to ``folder`` that replaces it when the block ends without an error."""
    if folder.exists() and not (folder / _REST).is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise StoreError(f"{folder}: exists and is not a csd export, so it is not replaced; name another folder")
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    old = folder.with_name(f"{folder.name}.{os.getpid()}.old")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if folder.exists():
            folder.rename(old)
        part.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read_csd(folder: Path) -> Contents:
    """Read a pack from a folder that `write_csd` wrote.

    Raises:
        StoreError: a file is missing or damaged, or its entries are not those of ``triptych.h5``.
    """
    layout, contents = _read_layout(folder / _REST), read_contents(folder / _REST)
    ids = {split: [entry_id(str(clip_id)) for clip_id in contents[split]["id"]] for split in SPLITS}
    for key, steps in layout["rows"].items():
        for split, rows in _read_padded(folder / f"{key}.csd", ids, steps).items():
            contents[split][key] = rows.transpose(0, 2, 1) if key == "text_bert" else rows
    for split, labels in _read_labels(folder, ids, layout["labels"]).items():
        contents[split] |= labels
    for key in layout["strings"]:
        for split, entries in _read_entries(folder / f"{key}.csd", ids).items():
            contents[split][key] = np.array([entry.features.ravel()[0] for entry in entries])
    return plain(contents, str(folder))


def _read_layout(path: Path) -> dict[str, Any]:
    try:
        with open_hdf5(path) as file:
            layout = json.loads(file.attrs["layout"])
        return {name: layout[name] for name in ("rows", "labels", "strings")}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"{path}: cannot be read ({error}); expected the file that `convert` wrote; convert again"
        ) from error


def _read_entries(path: Path, ids: Mapping[Split, Sequence[str]]) -> dict[Split, list[Entry]]:
    """Entries in the order of the pack's rows."""
    entries = read_sequence(path)
    wanted = {name for names in ids.values() for name in names}
    if strange := sorted(wanted ^ entries.keys()):
        raise StoreError(
            f"{path}: {len(entries)} entries for {len(wanted)} clips of {_REST}, which differ in {len(strange)}, "
            f"such as {strange[0]}; convert again"
        )
    return {split: [entries[name] for name in names] for split, names in ids.items()}


def _read_padded(path: Path, ids: Mapping[Split, Sequence[str]], steps: Mapping[Split, int]) -> dict[Split, np.ndarray]:
    """Rows of each split, padded again."""
    entries = _read_entries(path, ids)
    first = next(entry.features for split in SPLITS for entry in entries[split])
    padded: dict[Split, np.ndarray] = {}
    for split in SPLITS:
        padded[split] = np.zeros((len(entries[split]), steps[split], *first.shape[1:]), first.dtype)
        for target, name, entry in zip(padded[split], ids[split], entries[split], strict=True):
            rows = entry.features
            if len(rows) > steps[split] or rows.shape[1:] != first.shape[1:] or rows.dtype != first.dtype:
                raise StoreError(
                    f"{path}: {name} has {rows.dtype} features {rows.shape}; expected {first.dtype}, at most "
                    f"({steps[split]}, {', '.join(map(str, first.shape[1:]))}); convert again"
                )
            target[: len(rows)] = rows
    return padded


def _read_labels(
    folder: Path, ids: Mapping[Split, Sequence[str]], keys: Sequence[str]
) -> dict[Split, dict[str, np.ndarray]]:
    if not keys:
        return {}
    path = folder / "labels.csd"
    columns = _read_padded(path, ids, dict.fromkeys(SPLITS, 1))
    width = columns["train"].shape[2]
    if width != len(keys):
        raise StoreError(f"{path}: {width} columns; expected {len(keys)} ({', '.join(keys)}); convert again")
    return {split: {key: columns[split][:, 0, index] for index, key in enumerate(keys)} for split in SPLITS}
