"""The header of a media file; nothing is decoded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from av.container import InputContainer

from pipeline.core.errors import MediaError
from pipeline.core.types import Hertz, Seconds
from pipeline.media import _open


@dataclass(frozen=True)
class Probe:
    """A file's header.

    Attributes:
        duration_s: length in seconds.
        size_px: width and height as stored; None without video.
        frame_rate_hz: frames per second; None without video.
        audio_rate_hz: samples per second; None without audio.
    """

    duration_s: Seconds
    size_px: tuple[int, int] | None
    frame_rate_hz: Hertz | None
    audio_rate_hz: int | None


def probe(path: Path) -> Probe:
    """Read a file's header.

    Raises:
        MediaError: absent, empty, or no media file.
    """
    with _open.open_media(path) as container:
        video, audio = (_stream(container, kind, path) for kind in ("video", "audio"))
        return Probe(
            duration_s=_open.duration_s(container, path),
            size_px=(video.codec_context.width, video.codec_context.height) if video else None,
            frame_rate_hz=float(video.average_rate) if video and video.average_rate else None,
            audio_rate_hz=audio.codec_context.sample_rate if audio else None,
        )


def segment_bounds_s(header: Probe, start_s: Seconds | None, end_s: Seconds | None, path: Path) -> tuple[float, float]:
    """Start and end of a segment of the file when it is decoded.

    Raises:
        MediaError: it starts after the file's end or reaches clearly past it.
    """
    return _open.segment_bounds_s(start_s, end_s, length_s=header.duration_s, path=path)


def _stream(container: InputContainer, kind: str, path: Path) -> Any | None:
    try:
        return _open.first_stream(container, kind, path)
    except MediaError:
        return None
