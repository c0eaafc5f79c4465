"""Symbolic links below a raw folder: followed within it; out of it only where the dataset's settings allow that."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from pipeline.core.errors import RawDataError

#: Rows of a folder stand together in most tables; a million clips may lie in tens of thousands.
_KEPT_FOLDERS = 1024


class Links:
    """Tells which files are links that lead out of a dataset's raw folder."""

    def __init__(self, raw: Path, *, follow: bool) -> None:
        """With ``follow`` none of them is a fault. The raw folder itself may be a link."""
        self._raw, self._follow = raw, follow
        self._root = raw.resolve()
        self._is_inside = lru_cache(_KEPT_FOLDERS)(lambda folder: folder.resolve().is_relative_to(self._root))

    def fault(self, path: Path) -> str | None:
        """What is wrong with a file below the raw folder, in one line; None if it may be read."""
        if self._follow or not self._leads_out(path):
            return None
        return (
            f"{path.relative_to(self._raw)}: a symbolic link leads out of the raw folder; copy the file there, or set "
            "follow_links: true in config/datasets"
        )

    def check(self, paths: Iterable[Path]) -> None:
        """Refuse tables and packs that lie elsewhere.

        Raises:
            RawDataError: a file leads out of the raw folder.
        """
        for path in paths:
            if fault := self.fault(path):
                raise RawDataError(fault)

    def _leads_out(self, path: Path) -> bool:
        if not self._is_inside(path.parent):  # a folder is looked at once: a million files lie in few of them
            return True
        return path.is_symlink() and not path.resolve().is_relative_to(self._root)
