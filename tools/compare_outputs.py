"""Compare stores, packs, labels and predictions of two processed/ folders, such as those of two versions of the code.

Files are compared by bytes. A file whose bytes differ only in identities (hashes, names of settings or columns) is
reported separately, since a renamed setting changes the identity of an extractor but none of its numbers.

example: python -m tools.compare_outputs old/processed new/processed
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from safetensors.numpy import load_file

from pipeline.core.errors import StoreError
from pipeline.packs.formats.files import read_pickle

#: Folders and files that hold results; logs, benchmarks, caches and settings are left out.
_RESULTS = re.compile(
    r"(^|/)(features|packs|index|quarantine)/|(predictions|robustness|labels|quality)\.csv$|\.safetensors$|quarantine\.jsonl$"
)
_LEFT_OUT = re.compile(r"(^|/)(logs|benchmarks|settings|\..*|[^/]*\.spool)/|\.sqlite$|index/summary\.json$")
#: Names that changed; the new name of each.
_RENAMED = {"disturbed/": "corrupted/"}
_SHA256 = re.compile(r"\b[0-9a-f]{64}\b")


def main() -> int:
    """Compare two folders; the exit status is 1 if any file differs or is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.compare_outputs", description=__doc__.partition("\n")[0])
    parser.add_argument("old", type=Path, help="processed/ of the old version")
    parser.add_argument("new", type=Path, help="processed/ of the new version")
    arguments = parser.parse_args()
    old, new = results(arguments.old), results(arguments.new)
    groups: dict[str, list[str]] = {"only in old": sorted(old.keys() - new), "only in new": sorted(new.keys() - old)}
    for name in sorted(old.keys() & new.keys()):
        groups.setdefault(compare(old[name], new[name]), []).append(name)
    equal = groups.pop("same bytes", [])
    for verdict, names in groups.items():
        print("".join(f"{verdict}: {name}\n" for name in names), end="")
    print(f"{len(equal)} files with the same bytes, " + ", ".join(f"{len(n)} {v}" for v, n in groups.items()))
    return int(not equal or any(groups.get(bad) for bad in ("only in old", "only in new", "different")))


def results(processed: Path) -> dict[str, Path]:
    """The files to compare by their new names, relative to the folder."""
    files = {}
    for path in sorted(processed.rglob("*")):
        name = path.relative_to(processed).as_posix()
        if path.is_file() and _RESULTS.search(name) and not _LEFT_OUT.search(name):
            for before, after in _RENAMED.items():
                name = name.replace(before, after)
            files[name] = path
    return files


def compare(old: Path, new: Path) -> str:
    """One of: ``same bytes``, ``same arrays, another identity``, ``different``."""
    if old.read_bytes() == new.read_bytes():
        return "same bytes"
    try:
        pairs = zip(_values(old), _values(new), strict=True)
        same = all(name == other and _equal(a, b) for (name, a), (other, b) in pairs)
    except (OSError, ValueError, StoreError):
        same = False
    return "same arrays, another identity" if same else "different"


def _values(path: Path) -> Iterator[tuple[str, Any]]:
    """What a file contains, without identities, by name."""
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            names: list[str] = []
            file.visit(names.append)
            yield from ((name, file[name][()]) for name in names if isinstance(file[name], h5py.Dataset))
    elif path.suffix == ".pkl":
        for split, arrays in read_pickle(path).items():
            yield from ((f"{split}/{key}", np.asarray(array)) for key, array in arrays.items())
    elif path.suffix == ".safetensors":
        yield from sorted(load_file(path).items())  # names that share a tensor are in no fixed order
    elif path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            next(rows := csv.reader(file), None)  # names of columns may change
            yield from (("row", row) for row in rows)
    elif path.suffix in (".json", ".jsonl"):
        text = path.read_text(encoding="utf-8")
        for line in text.splitlines() if path.suffix == ".jsonl" else [text]:
            content = json.dumps(json.loads(line), sort_keys=True)
            yield "line", _SHA256.sub("", content.replace('"direct"', '"openvino"'))
    else:
        yield "bytes", path.read_bytes()


def _equal(old: Any, new: Any) -> bool:
    if not isinstance(old, np.ndarray) or old.dtype == object:
        return bool(np.all(old == new))
    return old.dtype == new.dtype and old.shape == new.shape and old.tobytes() == new.tobytes()


if __name__ == "__main__":
    sys.exit(main())
