"""Finding a clip's files by the name they should have, whatever their extension."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pipeline.core.errors import RawDataError
from pipeline.index.manifest import GivenWord
from pipeline.media.suffixes import MEDIA_SUFFIXES
from pipeline.words.formats import PARSERS, read_words

#: Folder listings in memory; a million clips may be in tens of thousands of folders.
_CACHED_FOLDERS = 1024


@dataclass(frozen=True)
class Located:
    """Where a clip's media file is.

    Attributes:
        media: the file relative to the raw folder, with ``.*`` for its extension if it is missing.
        is_whole: the file is the whole recording, of which the clip is a segment.
    """

    media: str
    is_whole: bool


class FileFinder:
    """Finds files by path without extension. Listings of folders are cached."""

    def __init__(self, root: Path, suffixes: frozenset[str] = MEDIA_SUFFIXES) -> None:
        """Find files below ``root`` with one of ``suffixes`` (lower case)."""
        self._root, self._suffixes = root, suffixes
        self._listing = lru_cache(_CACHED_FOLDERS)(self._list)

    def find(self, stem: str) -> str | None:
        """The file, relative to the root, whose path without its extension is ``stem``; None if there is none.

        Raises:
            ValueError: there are several.
        """
        folder, _, name = stem.rpartition("/")
        files = [f"{folder}/{file}" if folder else file for file in self._listing(folder).get(name, [])]
        if len(files) > 1:
            message = f"{len(files)} files for one clip ({', '.join(files)}); expected one, remove the others"
            raise ValueError(message)
        return files[0] if files else None

    def locate(self, patterns: Sequence[str], video_id: str, clip_id: str) -> Located:
        """The first of several patterns that has a file; else the first whose folder exists, else the first.

        Args:
            patterns: paths without extension; ``{video_id}`` and ``{clip_id}`` are filled in. One without
                ``{clip_id}`` names the whole recording.
            video_id: the recording.
            clip_id: the clip within it.

        Raises:
            ValueError: a clip has several files.
        """
        stems = [(_filled(pattern, video_id, clip_id), "{clip_id}" not in pattern) for pattern in patterns]
        for stem, is_whole in stems:
            if file := self.find(stem):
                return Located(file, is_whole)
        likely = [item for item in stems if self._listing(item[0].rpartition("/")[0])]
        stem, is_whole = (likely or stems)[0]
        return Located(f"{stem}.*", is_whole)

    def _list(self, folder: str) -> dict[str, list[str]]:
        stems: dict[str, list[str]] = {}
        path = self._root / folder
        for file in sorted(path.iterdir()) if path.is_dir() else []:
            if file.suffix.lower() in self._suffixes:
                stems.setdefault(file.stem, []).append(file.name)
        return stems


@dataclass
class WordFiles:
    """Files of word timings, one for each clip.

    Attributes:
        root: the dataset's raw folder.
        pattern: path without extension, with ``{video_id}`` and ``{clip_id}``; None where there are none.
        sources: files that were read.
        missing: clips without such a file.
    """

    root: Path
    pattern: str | None
    sources: list[Path] = field(default_factory=list)
    missing: int = 0

    def __post_init__(self) -> None:
        self._finder = FileFinder(self.root, frozenset(PARSERS))

    def words(self, video_id: str, clip_id: str) -> tuple[GivenWord, ...] | None:
        """The clip's words, or None if it has no file.

        Raises:
            ValueError: there are several files.
            RawDataError: the file is damaged.
        """
        if self.pattern is None:
            return None
        file = self._finder.find(_filled(self.pattern, video_id, clip_id))
        if file is None:
            self.missing += 1
            return None
        self.sources.append(self.root / file)
        try:
            words = read_words(self.root / file)
        except RawDataError as error:
            raise RawDataError(f"word timings {file}: {error}") from error
        return tuple((word.word, word.start_s, word.end_s) for word in words)


def _filled(pattern: str, video_id: str, clip_id: str) -> str:
    # not str.format: a brace in an id or a pattern must do nothing
    return pattern.replace("{video_id}", video_id).replace("{clip_id}", clip_id)
