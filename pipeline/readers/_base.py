"""What a reader is: it turns one raw layout into clips, or names the packs that lie there ready-made.

A file ``pipeline/readers/<name>.py`` is a reader. It holds the literals

    VERSION = 1             # raise it when the same folder would be read differently
    PROVIDES = "clips"      # or "packs"

the class ``Options`` and a function ``read(root, options)`` that returns a `Table` or, for packs, a `Packs`.
"""

from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config.base import Settings
from pipeline.core.errors import RawDataError
from pipeline.index.manifest import Rejected
from pipeline.readers._clips import Clips


class ReaderOptions(Settings):
    """Base of the options of a reader."""


@dataclass(frozen=True)
class Table:
    """What a reader found.

    Attributes:
        clips: usable rows.
        sources: files that were read, whose change calls for a new scan.
        faults: rows that are wrong and that the owner of the data should mend.
        unusable: rows that the dataset is known to ship without what is needed.
        missing_files: files besides media (word times, transcripts) that were looked for in vain; while there are
            some, every scan looks again.
        notes: what the owner of the data should know about how it was read.
    """

    clips: Clips
    sources: list[Path]
    faults: list[Rejected] = field(default_factory=list)
    unusable: list[Rejected] = field(default_factory=list)
    missing_files: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Packs:
    """Ready-made packs by name."""

    files: dict[str, Path]


def inside(root: Path, *names: str | None) -> Path:
    """The first of these paths below the root, once all of them are known to stay there.

    Raises:
        RawDataError: one leads elsewhere.
    """
    for name in filter(None, names):
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise RawDataError(f"{name}: leads out of the raw folder {root}; name a place within it")
    return root / (names[0] or "")


def found_instead(folder: Path) -> str:
    """A phrase that lists what a folder holds."""
    if not folder.is_dir():
        return f"there is no folder {folder}"
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"the folder holds {shown or 'nothing'}"
