"""Videos and their words, from the paths and options that a user gives."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.core.errors import ConfigError, MediaError
from pipeline.media.suffixes import MEDIA_SUFFIXES
from pipeline.prediction.clips import NewClip
from pipeline.prediction.transcripts import from_neighbour, from_table, is_table, read_transcript


def collect(paths: Sequence[Path], *, text: str | None = None, transcript: Path | None = None) -> list[NewClip]:
    """Find videos and their words.

    Args:
        paths: files, or folders, which are searched recursively.
        text: transcript of the one video.
        transcript: a file of words for the one video, or a table for several; without it and without ``text``, a
            file of the same name next to each video is used.

    Raises:
        MediaError: a file is absent, or a folder has no video.
        ConfigError: text and videos do not match.
        RawDataError: a transcript cannot be read.
    """
    if not paths:
        raise ConfigError("no video was given; expected files or folders after the run")
    if text is not None and transcript is not None:
        raise ConfigError("both --text and --transcript were given; expected one of them")
    clips = [clip for path in paths for clip in _expanded(path)]
    _refuse_repeats(clips)
    if transcript is not None and is_table(transcript):
        return from_table(clips, transcript)
    if text is None and transcript is None:
        return [from_neighbour(clip) for clip in clips]
    if len(clips) > 1:
        option = "--text" if text is not None else f"--transcript {transcript}"
        raise ConfigError(
            f"{option} is for one video, {len(clips)} were given; give a table with the columns video and text, or "
            "put a .txt next to each video"
        )
    if transcript is not None:
        return [read_transcript(clips[0], transcript)]
    if not (text or "").strip():
        raise ConfigError("--text is blank; give the transcript, or omit the option")
    return [NewClip(clips[0], text, "--text")]


def _expanded(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise MediaError(f"{path}: no such file or folder; expected a video, or a folder of them")
    videos = sorted(file for file in path.rglob("*") if file.suffix.lower() in MEDIA_SUFFIXES and file.is_file())
    if not videos:
        raise MediaError(f"{path}: no video in this folder; expected files such as .mp4, .mkv or .webm")
    yield from videos


def _refuse_repeats(clips: Sequence[Path]) -> None:
    seen: dict[Path, Path] = {}
    for clip in clips:
        if (other := seen.get(clip.resolve())) is not None:
            raise ConfigError(f"{clip} is named twice (also as {other}); name each video once")
        seen[clip.resolve()] = clip
