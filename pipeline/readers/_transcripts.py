"""Transcripts in a file per recording, one line per clip."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.core.types import Seconds
from pipeline.readers._tables import decoded


@dataclass(frozen=True)
class Line:
    """One clip's line.

    Attributes:
        clip_id: the clip within the recording.
        text: what is said.
        start_s: where the clip begins in the recording, if the line says so.
        end_s: where it ends.
    """

    clip_id: str
    text: str
    start_s: Seconds | None = None
    end_s: Seconds | None = None


@dataclass
class TranscriptFolder:
    """Reads each recording's file once.

    Attributes:
        folder: where the files lie.
        suffix: their extension.
        parse: turns a line into a clip's text, or None for a line of another kind.
        sources: files that were read.
        missing: recordings that have none.
    """

    folder: Path
    suffix: str
    parse: Callable[[str], Line | None]
    sources: list[Path] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    _lines: dict[str, dict[str, Line]] = field(default_factory=dict)

    def line(self, video_id: str, clip_id: str) -> Line | None:
        """The line of a clip, or None if the recording's file is absent or lacks it."""
        if video_id not in self._lines:
            self._lines[video_id] = self._read(video_id)
        return self._lines[video_id].get(clip_id)

    def _read(self, video_id: str) -> dict[str, Line]:
        path = self.folder / f"{video_id}{self.suffix}"
        if not path.is_file():
            self.missing.append(video_id)
            return {}
        self.sources.append(path)
        lines = [self.parse(line) for line in decoded(path, ("utf-8-sig", "cp1252", "latin-1")).splitlines()]
        return {line.clip_id: line for line in lines if line is not None}
