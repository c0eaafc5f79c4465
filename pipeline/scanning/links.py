"""Symbolic links below a raw folder: followed within it; out of it only where the dataset's settings allow that."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from pipeline.core.errors import RawDataError

#: Most tables list the clips of a folder together; a million clips may be in tens of thousands of folders.
_CACHED_FOLDERS = 1024


class Links:
    """Finds links that lead out of a dataset's raw folder."""

    def __init__(self, raw: Path, *, follow: bool) -> None:
        """With ``follow`` none of them is a fault. The raw folder itself may be a link."""
        self._raw, self._follow = raw, follow
        self._root = raw.resolve()
        self._is_inside = lru_cache(_CACHED_FOLDERS)(lambda folder: folder.resolve().is_relative_to(self._root))

    def fault(self, path: Path) -> str | None:
        """What is wrong with a file below the raw folder, in one line; None if it may be read."""
        if self._follow or not self._leads_out(path):
            return None
        return (
            f"{path.relative_to(self._raw)}: a symbolic link leads out of the raw folder; copy the file there, or set "
            "follow_links: true in config/datasets"
        )

    def check(self, paths: Iterable[Path]) -> None:
        """Refuse tables and packs outside the raw folder.

        Raises:
            RawDataError: a file leads out of the raw folder.
        """
        for path in paths:
            if fault := self.fault(path):
                raise RawDataError(fault)

    def _leads_out(self, path: Path) -> bool:
        if not self._is_inside(path.parent):  # cached: a million files are in few folders
            return True
        return path.is_symlink() and not path.resolve().is_relative_to(self._root)
