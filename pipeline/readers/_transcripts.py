"""Transcripts with one file per recording and one line per clip."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.core.types import Seconds
from pipeline.readers._tables import decoded


@dataclass(frozen=True)
class TranscriptLine:
    """One clip's line.

    Attributes:
        clip_id: the clip within the recording.
        text: the transcript.
        start_s: start within the recording, if the line gives it.
        end_s: end within the recording.
    """

    clip_id: str
    text: str
    start_s: Seconds | None = None
    end_s: Seconds | None = None


@dataclass
class TranscriptFolder:
    """Reads each recording's file once.

    Attributes:
        folder: where the files are.
        suffix: their extension.
        parse: turns a line into a clip's text, or None for a line of another kind.
        sources: files that were read.
        missing: recordings without a file.
    """

    folder: Path
    suffix: str
    parse: Callable[[str], TranscriptLine | None]
    sources: list[Path] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    _lines: dict[str, dict[str, TranscriptLine]] = field(default_factory=dict)

    def line(self, video_id: str, clip_id: str) -> TranscriptLine | None:
        """The line of a clip, or None if the recording's file is absent or lacks it."""
        if video_id not in self._lines:
            self._lines[video_id] = self._read(video_id)
        return self._lines[video_id].get(clip_id)

    def _read(self, video_id: str) -> dict[str, TranscriptLine]:
        path = self.folder / f"{video_id}{self.suffix}"
        if not path.is_file():
            self.missing.append(video_id)
            return {}
        self.sources.append(path)
        lines = [self.parse(line) for line in decoded(path, ("utf-8-sig", "cp1252", "latin-1")).splitlines()]
        return {line.clip_id: line for line in lines if line is not None}
