"""The interface of readers: a reader turns one raw layout into clips, or lists ready-made packs.

A file ``pipeline/readers/<name>.py`` is a reader. It defines the constants

    VERSION = 1             # raise it when the same folder would be read differently
    PROVIDES = "clips"      # or "packs"

the class ``Options`` and a function ``read(root, options)`` that returns a `LabelTable` or, for packs, a `Packs`.
"""

from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config.base import Settings
from pipeline.core.errors import RawDataError
from pipeline.index.manifest import RejectedRow
from pipeline.readers._clips import ClipList


class ReaderOptions(Settings):
    """Base of the options of a reader."""


@dataclass(frozen=True)
class LabelTable:
    """The rows of a dataset, as its reader returns them.

    Attributes:
        clips: rows that are clips; their fields are not checked yet.
        sources: files that were read; a change of one triggers a new scan.
        faults: rows that cannot be read and should be corrected.
        unusable: rows that the published dataset lacks something for; no error.
        missing_files: expected files besides media (word timings, transcripts) that are missing; while there are some,
            every scan reads the folder again.
        notes: remarks for the user on how the data was read.
    """

    clips: ClipList
    sources: list[Path]
    faults: list[RejectedRow] = field(default_factory=list)
    unusable: list[RejectedRow] = field(default_factory=list)
    missing_files: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Packs:
    """Ready-made packs by name."""

    files: dict[str, Path]


def inside(root: Path, *names: str | None) -> Path:
    """The first of these paths below the root, after a check that none leads out of it.

    Raises:
        RawDataError: one leads out of it.
    """
    for name in filter(None, names):
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise RawDataError(f"{name}: leads out of the raw folder {root}; name a place within it")
    return root / (names[0] or "")


def contents_of(folder: Path) -> str:
    """A phrase that lists the contents of a folder, for messages."""
    if not folder.is_dir():
        return f"there is no folder {folder}"
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"the folder contains {shown or 'nothing'}"
