"""The whole audit of one dataset."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.audit.accounts import check_counts, check_extracted, check_pack, check_quarantine
from pipeline.audit.again import check_again
from pipeline.audit.evidence import Extracted, Fault, Packed, read_extracted, read_lines, read_packs
from pipeline.audit.expected import ExpectedTasks
from pipeline.audit.keys import check_card, check_identity, check_keys
from pipeline.audit.labels import check_labels, check_pickle
from pipeline.audit.rows import check_rows
from pipeline.audit.table import RawRows, reread, rows_of
from pipeline.config.settings import DatasetConfig
from pipeline.core.errors import RawDataError
from pipeline.extraction.tasks import Task
from pipeline.readers._base import LabelTable
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
    """What the slow checks cover.

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
    """Counts of what was checked, and the faults.

    Attributes:
        rows: rows of the raw table.
        packed: clips by pack.
        left_out: rows left out by pack.
        compared: clips by pack whose rows were compared with the stores.
        extracted_again: clips by extractor.
        faults: what is wrong.
    """

    rows: int
    packed: Mapping[str, int]
    left_out: Mapping[str, int]
    compared: Mapping[str, int]
    extracted_again: Mapping[str, int]
    faults: Sequence[Fault]


@dataclass(frozen=True)
class _Evidence:
    rows: RawRows
    packs: Sequence[Packed]
    quarantine: Sequence[Mapping[str, Any]]
    extracted: Mapping[str, Extracted]
    tasks: Mapping[str, Mapping[str, Task]]


def audit(subject: Subject, scope: Scope) -> Audit:
    """Check a dataset from its raw table to its packs.

    Raises:
        RawDataError: the raw folder cannot be read, or contains ready-made packs.
        StoreError: there is no pack, or its card, the quarantine or an extractor's settings are damaged.
    """
    evidence, faults = _gather(subject)
    again = {
        name: scope.sample(sorted(stores.clips.keys() & evidence.rows.clips.keys())) if scope.again else []
        for name, stores in evidence.extracted.items()
    }
    faults += [*_accounts(evidence), *_keys(evidence), *_packs(evidence, subject.root, scope)]
    for name, ids in again.items():
        if ids:
            faults += check_again([evidence.tasks[name][clip_id] for clip_id in ids], evidence.extracted[name])
    return Audit(
        rows=len(evidence.rows),
        packed={pack.name: sum(len(pack.ids(split)) for split in pack.splits) for pack in evidence.packs},
        left_out={pack.name: len(pack.card["dropped"]) for pack in evidence.packs},
        compared={pack.name: len(scope.sample(pack.all_ids())) for pack in evidence.packs},
        extracted_again={name: len(ids) for name, ids in again.items()},
        faults=faults,
    )


def _gather(subject: Subject) -> tuple[_Evidence, list[Fault]]:
    source = open_raw(subject.name, subject.config, subject.raw)
    table = source.read()
    if not isinstance(table, LabelTable):
        raise RawDataError(
            f"dataset {subject.name}: {subject.raw} contains ready-made packs; only datasets of clips can be audited"
        )
    rows = rows_of(table, subject.config)
    packs = read_packs(subject.root)
    names = {name for pack in packs for name in pack.extractors()}
    extracted = {name: read_extracted(subject.root, name) for name in sorted(names)}
    expected = ExpectedTasks(rows, subject.config, subject.raw)
    tasks = {name: expected.of(name, stores.settings["identity"]) for name, stores in extracted.items()}
    faults = list(reread(rows, subject.raw, source.options)) if subject.config.reader == "table" else []
    return _Evidence(rows, packs, read_lines(subject.root / "quarantine.jsonl"), extracted, tasks), faults


def _accounts(evidence: _Evidence) -> Iterator[Fault]:
    yield from check_quarantine(evidence.rows, evidence.quarantine)
    for stores in evidence.extracted.values():
        yield from check_extracted(evidence.rows, stores, evidence.quarantine)
    for pack in evidence.packs:
        yield from check_pack(evidence.rows, pack, evidence.quarantine)


def _keys(evidence: _Evidence) -> Iterator[Fault]:
    for name, stores in evidence.extracted.items():
        yield from check_identity(stores)
        yield from check_keys(stores, evidence.tasks[name])
    for pack in evidence.packs:
        yield from check_card(pack, evidence.extracted)


def _packs(evidence: _Evidence, root: Path, scope: Scope) -> Iterator[Fault]:
    for pack in evidence.packs:
        yield from check_counts(pack)
        yield from check_pickle(pack, root / "packs" / f"{pack.name}.pkl")
        if all(pack.is_even(split) for split in pack.splits):
            yield from check_labels(evidence.rows, pack)
            yield from _sampled_rows(pack, evidence.extracted, set(scope.sample(pack.all_ids())))


def _sampled_rows(pack: Packed, extracted: Mapping[str, Extracted], sample: set[str]) -> Iterator[Fault]:
    for split in pack.splits:
        for index, clip_id in enumerate(pack.ids(split)):
            if clip_id in sample:
                stores = {name: extracted[name].clips.get(clip_id) for name in pack.extractors()}
                arrays = {name: stored.arrays(clip_id) for name, stored in stores.items() if stored}
                yield from check_rows(pack, split, index, arrays)
