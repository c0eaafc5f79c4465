"""What a reader is: it turns one raw layout into clips, or names the packs that lie there ready-made.

A file ``pipeline/readers/<name>.py`` is a reader. It holds the literals

    VERSION = 1             # raise it when the same folder would be read differently
    PROVIDES = "clips"      # or "packs"

the class ``Options`` and a function ``read(root, options)`` that returns a `Table` or, for packs, a `Packs`.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pipeline.errors import RawDataError
from pipeline.manifest import Clip, Rejected

#: Containers that clips come in; looked for in this order of names, not of preference.
MEDIA_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "flv", "wmv", "3gp", "ogv"),
        *("wav", "mp3", "m4a", "flac", "ogg"),
    )
)


class ReaderOptions(BaseModel):
    """Base of all reader options: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True)
class Table:
    """What a reader found.

    Attributes:
        clips: usable rows.
        sources: files that were read, whose change calls for a new scan.
        faults: rows that are wrong and that the owner of the data should mend.
        unusable: rows that the dataset is known to ship without what is needed.
    """

    clips: list[Clip]
    sources: list[Path]
    faults: list[Rejected] = field(default_factory=list)
    unusable: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True)
class Packs:
    """Ready-made packs by name."""

    files: dict[str, Path]


def read_rows(path: Path, *, encoding: str, delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a table with a header line, with the number of the line each ends on.

    Raises:
        RawDataError: the table is absent, has no header, or is not in the expected encoding.
    """
    if not path.is_file():
        raise RawDataError(f"{path}: no such label table; {found_instead(path.parent)}")
    try:
        with path.open(encoding=encoding, newline="") as file:
            rows = csv.DictReader(file, delimiter=delimiter, strict=True)
            if not rows.fieldnames:
                raise RawDataError(f"{path}: empty; expected a header line with column names")
            for row in rows:
                yield (
                    rows.line_num,
                    {name: (value or "") for name, value in row.items() if isinstance(name, str)},
                )
    except UnicodeDecodeError as error:
        raise RawDataError(
            f"{path}: byte {error.start} is not {encoding}; set options.encoding, such as gb18030 or cp1252"
        ) from error
    except csv.Error as error:
        raise RawDataError(f"{path}: not a readable table ({error}); check its quotes and delimiter") from error


def found_instead(folder: Path) -> str:
    """A phrase that lists what a folder holds."""
    if not folder.is_dir():
        return f"there is no folder {folder}"
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"the folder holds {shown or 'nothing'}"


class MediaFinder:
    """Finds a clip's file by its name without the extension. Each folder is listed once."""

    def __init__(self, root: Path) -> None:
        """Look below ``root``."""
        self._root = root
        self._folders: dict[str, dict[str, list[str]]] = {}

    def find(self, stem: str) -> list[str]:
        """Files, relative to the root, whose path without a media extension is ``stem``, sorted."""
        folder, _, name = stem.rpartition("/")
        return [f"{folder}/{file}" if folder else file for file in self._listing(folder).get(name, [])]

    def _listing(self, folder: str) -> dict[str, list[str]]:
        if folder not in self._folders:
            stems: dict[str, list[str]] = {}
            path = self._root / folder
            for file in sorted(path.iterdir()) if path.is_dir() else []:
                if file.suffix.lower() in MEDIA_SUFFIXES:
                    stems.setdefault(file.stem, []).append(file.name)
            self._folders[folder] = stems
        return self._folders[folder]
