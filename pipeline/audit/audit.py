"""The whole audit of one dataset."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.audit.accounts import check_counts, check_extracted, check_pack, check_quarantine
from pipeline.audit.again import check_again
from pipeline.audit.evidence import Extracted, Fault, Packed, read_extracted, read_lines, read_packs
from pipeline.audit.keys import check_card, check_identity, check_keys
from pipeline.audit.labels import check_labels, check_pickle
from pipeline.audit.rows import check_rows
from pipeline.audit.table import Rows, reread, rows_of
from pipeline.config.settings import DatasetConfig
from pipeline.core.errors import RawDataError
from pipeline.readers._base import Table
from pipeline.scanning.reading import open_raw


@dataclass(frozen=True)
class Subject:
    """The dataset that is audited.

    Attributes:
        name: its name.
        config: how its raw folder is read.
        raw: its raw folder.
        root: its folder of derived files.
    """

    name: str
    config: DatasetConfig
    raw: Path
    root: Path


@dataclass(frozen=True)
class Scope:
    """How much is looked at closely.

    Attributes:
        clips: clips per pack whose rows are compared with the stores, and per extractor that are extracted again.
        seed: which clips these are.
        again: extract clips again; without it the raw media are only hashed.
    """

    clips: int = 8
    seed: int = 1
    again: bool = True

    def sample(self, ids: Sequence[str]) -> list[str]:
        """Some of these ids, sorted; the same ones each time."""
        return sorted(random.Random(self.seed).sample(sorted(ids), min(self.clips, len(ids))))


@dataclass(frozen=True)
class Audit:
    """What was looked at, and what does not add up.

    Attributes:
        rows: rows of the raw table.
        packed: clips by pack.
        left_out: rows left out by pack.
        compared: clips by pack whose rows were compared with the stores.
        extracted_again: clips by extractor.
        faults: what does not add up.
    """

    rows: int
    packed: Mapping[str, int]
    left_out: Mapping[str, int]
    compared: Mapping[str, int]
    extracted_again: Mapping[str, int]
    faults: Sequence[Fault]


@dataclass(frozen=True)
class _Evidence:
    rows: Rows
    packs: Sequence[Packed]
    quarantine: Sequence[Mapping[str, Any]]
    extracted: Mapping[str, Extracted]


def audit(subject: Subject, scope: Scope) -> Audit:
    """Check a dataset from its raw table to its packs.

    Raises:
        RawDataError: the raw folder cannot be read, or holds ready-made packs.
        StoreError: there is no pack, or a file that all else needs is damaged.
    """
    found, faults = _gather(subject)
    again = {
        name: scope.sample(sorted(stores.clips.keys() & found.rows.clips.keys())) if scope.again else []
        for name, stores in found.extracted.items()
    }
    faults += [*_accounts(found), *_keys(found, subject), *_packs(found, subject.root, scope)]
    for name, ids in again.items():
        clips = [found.rows.clips[clip_id] for clip_id in ids]
        if clips:
            faults += check_again(clips, found.extracted[name], subject.raw, subject.config.language)
    return Audit(
        rows=len(found.rows),
        packed={pack.name: sum(len(pack.ids(split)) for split in pack.splits) for pack in found.packs},
        left_out={pack.name: len(pack.card["dropped"]) for pack in found.packs},
        compared={pack.name: len(scope.sample(pack.all_ids())) for pack in found.packs},
        extracted_again={name: len(ids) for name, ids in again.items()},
        faults=faults,
    )


def _gather(subject: Subject) -> tuple[_Evidence, list[Fault]]:
    source = open_raw(subject.name, subject.config, subject.raw)
    table = source.read()
    if not isinstance(table, Table):
        raise RawDataError(
            f"dataset {subject.name}: its packs lie ready-made in {subject.raw}; there are no rows to account for"
        )
    rows = rows_of(table)
    packs = read_packs(subject.root)
    names = {name for pack in packs for name in pack.extractors()}
    extracted = {name: read_extracted(subject.root, name) for name in sorted(names)}
    faults = list(reread(rows, subject.raw, source.options)) if subject.config.reader == "table" else []
    return _Evidence(rows, packs, read_lines(subject.root / "quarantine.jsonl"), extracted), faults


def _accounts(found: _Evidence) -> Iterator[Fault]:
    yield from check_quarantine(found.rows, found.quarantine)
    for stores in found.extracted.values():
        yield from check_extracted(found.rows, stores, found.quarantine)
    for pack in found.packs:
        yield from check_pack(found.rows, pack, found.quarantine)


def _keys(found: _Evidence, subject: Subject) -> Iterator[Fault]:
    for stores in found.extracted.values():
        yield from check_identity(stores)
        yield from check_keys(found.rows, stores, subject.raw, subject.config.language)
    for pack in found.packs:
        yield from check_card(pack, found.extracted)


def _packs(found: _Evidence, root: Path, scope: Scope) -> Iterator[Fault]:
    for pack in found.packs:
        yield from check_counts(pack)
        yield from check_pickle(pack, root / "packs" / f"{pack.name}.pkl")
        if all(pack.is_even(split) for split in pack.splits):
            yield from check_labels(found.rows, pack)
            yield from _sampled_rows(pack, found.extracted, set(scope.sample(pack.all_ids())))


def _sampled_rows(pack: Packed, extracted: Mapping[str, Extracted], sample: set[str]) -> Iterator[Fault]:
    for split in pack.splits:
        for index, clip_id in enumerate(pack.ids(split)):
            if clip_id in sample:
                stores = {name: extracted[name].clips.get(clip_id) for name in pack.extractors()}
                arrays = {name: stored.arrays(clip_id) for name, stored in stores.items() if stored}
                yield from check_rows(pack, split, index, arrays)
