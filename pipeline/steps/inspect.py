"""Describe and validate a pack (pickle, HDF5 or csd folder), and explain each violation.

Pickles are read without running code from the file.
Exit status: 0 if MMSA can train on the pack, with or without warnings; 1 if not; 2 if it cannot be read.
example: python -m pipeline inspect processed/demo/packs/unaligned_50.pkl
         python -m pipeline inspect foreign.pkl --json
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.console import print_json, print_line, print_table
from pipeline.core.types import MODALITIES, SPLITS, Modality, Split
from pipeline.packs.formats.reader import Pack, read_pack
from pipeline.packs.mmsa_rules import Finding, check
from pipeline.packs.schema import PackCard


def run(file: Path, *, json: bool = False) -> int:
    """Print the contents of a pack and every violation of MMSA's rules.

    Args:
        file: a pack: .pkl, .h5, or a folder of .csd files.
        json: print one JSON object instead of tables.

    Returns:
        1 if there is an error, else 0.

    Raises:
        StoreError: the file cannot be read as a pack at all.
    """
    splits, card = read_pack(file), Pack(file).card
    findings = check(splits)
    if json:
        print_json(_described(file, splits, card, findings))
    else:
        _print_shapes(file, splits)
        _print_card(card)
        _print_findings(findings)
    return int(any(finding.level == "error" for finding in findings))


def _described(
    file: Path, splits: Mapping[Split, Mapping[str, Any]], card: PackCard | None, findings: Sequence[Finding]
) -> dict[str, Any]:
    return {
        "file": str(file),
        "splits": {name: {key: _shape(value) for key, value in splits.get(name, {}).items()} for name in SPLITS},
        "card": card.model_dump(mode="json") if card else None,
        "findings": [asdict(finding) for finding in findings],
    }


def _print_shapes(file: Path, splits: Mapping[Split, Mapping[str, Any]]) -> None:
    keys = sorted({key for split in splits.values() for key in split})
    rows = [[key, *(_shape(splits.get(name, {}).get(key)) for name in SPLITS)] for key in keys]
    print_table(str(file), ("key", *SPLITS), rows)


def _shape(value: Any) -> str:
    if value is None:
        return "-"
    if not isinstance(value, np.ndarray):
        return f"{type(value).__name__} of {len(value)}" if hasattr(value, "__len__") else type(value).__name__
    return f"{'x'.join(map(str, value.shape))} {value.dtype if value.dtype.kind != 'U' else 'text'}"


def _print_card(card: PackCard | None) -> None:
    if card is None:
        print_line("no card is next to it: rates, lengths and scale are unknown")
        return
    rows = [[name, *_facts(card, name)] for name in MODALITIES]
    print_table(f"{card.pack} of {card.dataset}", ("", "extractor", "columns", "rows", "cut", "scale"), rows)
    print_line(f"dropped: {len(card.dropped)} clips; without a face: {len(card.faceless)}")
    for row in card.dropped:
        print_line(f"  {row.clip_id} ({row.split}): {row.modality}, {row.stage}: {row.reason}")


def _facts(card: PackCard, modality: Modality) -> list[str]:
    """Extractor, columns, rows, what was cut, and scale of a modality."""
    length, scale = card.lengths.get(modality), card.normalisation.get(modality)
    rate_hz = card.rate_hz.get(modality)
    rows = f"{length.padded} ({length.policy}); longest {length.longest}" if length else "-"
    cut = f"{length.clips_cut} clips by {length.rows_cut} rows" if length and length.clips_cut else "nothing"
    extractor = card.extractors.get(modality, "imported")
    return [
        extractor + (f" at {rate_hz:g} Hz" if rate_hz else ""),
        str(card.dims[modality]),
        rows,
        cut if length else "-",
        scale.method if scale else "-",
    ]


def _print_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        print_line(f"{finding.level}: {finding.where}: {finding.what}", finding.level)
    errors = sum(finding.level == "error" for finding in findings)
    print_line(f"{errors} errors, {len(findings) - errors} warnings", "error" if errors else "ok")
