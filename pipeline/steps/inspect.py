"""Describe and validate a pack (pickle, HDF5 or csd folder), explaining each violation. Runs no code from the file.

Exit status: 0 when MMSA can train on it (warnings or not), 1 when it cannot.
example: python -m pipeline inspect processed/demo/packs/unaligned_50.pkl
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import StoreError
from pipeline.pack.contents import read_contents
from pipeline.pack.csd import CARD, read_csd
from pipeline.pack.files import read_card, read_pickle
from pipeline.pack.rules import Finding, check
from pipeline.pack.schema import Card
from pipeline.types import SPLITS, Split


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("file", type=Path, help="a pack: .pkl, .h5, or a folder of .csd files")


def run(*, file: Path) -> int:
    """Print what the pack holds and what is wrong with it.

    Returns:
        1 if there is an error, else 0.

    Raises:
        StoreError: the file cannot be read as a pack at all.
    """
    if not file.exists():
        raise StoreError(f"{file}: no such file; expected a pack: .pkl, .h5, or a folder of .csd files")
    splits = _read(file)
    findings = check(splits)
    _print_shapes(file, splits)
    card = file / CARD if file.is_dir() else file.with_suffix(".json")
    if card.is_file():
        _print_card(read_card(card))
    _print_findings(findings)
    return int(any(finding.level == "error" for finding in findings))


def _read(file: Path) -> Mapping[Split, Mapping[str, Any]]:
    if file.is_dir():
        return read_csd(file)
    if file.suffix in (".h5", ".hdf5"):
        return read_contents(file)
    return read_pickle(file)


def _print_shapes(file: Path, splits: Mapping[Split, Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=str(file), title_justify="left")
    for column in ("key", *SPLITS):
        table.add_column(column)
    for key in sorted({key for split in splits.values() for key in split}):
        table.add_row(key, *[_shape(splits[split].get(key)) for split in SPLITS])
    Console(width=110).print(table)


def _shape(value: Any) -> str:
    if value is None:
        return "-"
    if not isinstance(value, np.ndarray):
        return f"{type(value).__name__} of {len(value)}" if hasattr(value, "__len__") else type(value).__name__
    return f"{'x'.join(map(str, value.shape))} {value.dtype if value.dtype.kind != 'U' else 'text'}"


def _print_card(card: Card) -> None:
    for name, length in card.lengths.items():
        cut = f"{length.clips_cut} clips cut by {length.rows_cut} rows" if length.clips_cut else "nothing cut"
        print(f"{name}: {length.padded} rows ({length.policy}); longest {length.longest}, {cut}")
    print(f"dropped: {len(card.dropped)} clips; without a face: {len(card.faceless)}")
    for row in card.dropped:
        print(f"  {row.clip_id} ({row.split}): {row.modality}, {row.stage}: {row.reason}")


def _print_findings(findings: list[Finding]) -> None:
    for finding in findings:
        print(f"{finding.level}: {finding.where}: {finding.what}")
    errors = sum(finding.level == "error" for finding in findings)
    print(f"{errors} errors, {len(findings) - errors} warnings")
