"""The frames of a clip on an even time grid, independent of the source's frame rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from jaxtyping import UInt8

from pipeline.core.errors import MediaError
from pipeline.core.types import Hertz, Seconds
from pipeline.media import _decoder_cache, _open
from pipeline.media.span import MediaSpan

#: x, y, width, height in pixels.
PixelRegion = tuple[int, int, int, int]

#: Tolerance for containers that round timestamps to milliseconds.
_ROUNDING_S = 0.001


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        time_s: its time on the grid, from the clip's start.
        rgb: upright pixels, contiguous in memory.
    """

    time_s: Seconds
    rgb: UInt8[np.ndarray, "height width 3"]


class Video:
    """The frames of a clip, decoded again on every iteration.

    Args:
        span: the file or segment. Its crop is treated as the whole picture.

    Raises:
        MediaError: unreadable, no video stream, or no frame can be decoded.
    """

    def __init__(self, span: MediaSpan):
        self.span = span
        head = _head(_decoder_cache.stamp(span.path))
        self._start_s, self._end_s = _open.segment_bounds_s(
            span.start_s, span.end_s, length_s=head.length_s, path=span.path
        )
        self._crop = _crop_px(span.crop, *head.size_px)

    @property
    def duration_s(self) -> Seconds:
        """Length of the clip: the container's, or the segment's."""
        return self._end_s - self._start_s

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the upright picture, after the span's crop."""
        return self._crop[2], self._crop[3]

    def frames(
        self, rate_hz: Hertz, max_side_px: int | None = None, region: PixelRegion | None = None
    ) -> Iterator[Frame]:
        """Yield a frame for every time k / rate_hz before the clip's end.

        Each is the latest source frame at that time, as in a player: slow sources repeat frames, fast ones skip some,
        and the first and last frame fill the time before and after the video.

        Args:
            rate_hz: frames per second.
            max_side_px: scale down until the longer side is at most this.
            region: part of the picture to use, in pixels of ``size_px``; cut out before scaling.

        Raises:
            MediaError: the video ends well before the end in its header, or too many frames cannot be decoded.
        """
        picture = _Picture(self._crop if region is None else _within(self._crop, region), max_side_px)
        slot, shown = 0, None
        for time_s, source in self._timed_frames():
            while shown is not None and slot / rate_hz + _ROUNDING_S < time_s:
                if slot / rate_hz >= self.duration_s:
                    return
                yield Frame(slot / rate_hz, picture.of(shown))
                slot += 1
            shown = source
        while shown is not None and slot / rate_hz < self.duration_s:
            yield Frame(slot / rate_hz, picture.of(shown))
            slot += 1

    def _timed_frames(self) -> Iterator[tuple[Seconds, Any]]:
        """Yield source frames with their times from the clip's start."""
        end_s = time_s = 0.0
        with _decoder_cache.open_pictures(self.span.path, self._start_s) as container:
            stream = _open.first_stream(container, "video", self.span.path)
            offset_s = _open.zero_s(container) + self._start_s
            _open.seek(container, stream, self._start_s)
            for frame in _open.decode(container, stream, self.span.path, wanted_from_s=self._start_s):
                time_s = end_s if frame.time is None else frame.time - offset_s
                if time_s >= self.duration_s:
                    return
                end_s = time_s + float((frame.duration or 0) * frame.time_base)
                yield time_s, frame
            header_end_s = _open.stream_end_s(container, stream)
        if header_end_s is not None:
            expected_s = min(header_end_s - self._start_s, self.duration_s)
            _open.refuse_cut_off(end_s, expected_s, what="picture", path=self.span.path)


@dataclass(frozen=True)
class _Head:
    """Length of a file, and size of its upright frames."""

    length_s: Seconds
    size_px: tuple[int, int]


@lru_cache(maxsize=64)
def _head(stamp: _decoder_cache.Stamp) -> _Head:
    path = stamp[0]
    with _open.open_media(path) as container:
        stream = _open.first_stream(container, "video", path)
        length_s = _open.duration_s(container, path)
        first = next(_open.decode(container, stream, path), None)
    if first is None:
        raise MediaError(f"{_open.short_name(path)}: no picture can be decoded; replace the file")
    return _Head(length_s, (first.width, first.height)[:: -1 if first.rotation % 180 else 1])


class _Picture:
    """Turns source frames into upright, cropped, scaled RGB; repeats of a frame are converted once."""

    def __init__(self, crop: PixelRegion, max_side_px: int | None):
        self._crop = crop
        longer_px = max(crop[2], crop[3])
        self._scale = min(1.0, max_side_px / longer_px) if max_side_px else 1.0
        self._reformatter = VideoReformatter()  # one for all frames, since it caches the conversion
        self._last: tuple[Any, UInt8[np.ndarray, "height width 3"]] | None = None

    def of(self, frame: Any) -> UInt8[np.ndarray, "height width 3"]:
        if self._last is None or self._last[0] is not frame:
            self._last = (frame, self._converted(frame))
        return self._last[1]

    def _converted(self, frame: Any) -> UInt8[np.ndarray, "height width 3"]:
        turns = round(frame.rotation / 90) % 4  # counter-clockwise, as numpy's rot90
        width_px, height_px = (frame.width, frame.height)[:: -1 if turns % 2 else 1]
        if self._crop != (0, 0, width_px, height_px):
            x, y, width, height = self._crop
            upright = np.rot90(self._rgb(frame, frame.width, frame.height), turns)
            part = np.ascontiguousarray(upright[y : y + height, x : x + width])
            frame, turns = av.VideoFrame.from_ndarray(part, format="rgb24"), 0
        rgb = self._rgb(frame, *(max(1, round(side * self._scale)) for side in (frame.width, frame.height)))
        return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb

    def _rgb(self, frame: Any, width_px: int, height_px: int) -> UInt8[np.ndarray, "height width 3"]:
        converted = self._reformatter.reformat(
            frame, width_px, height_px, "rgb24", interpolation=Interpolation.FAST_BILINEAR
        )
        # FFmpeg pads rows; native libraries need contiguous memory.
        return np.ascontiguousarray(converted.to_ndarray())


def _crop_px(crop: tuple[float, float, float, float] | None, width_px: int, height_px: int) -> PixelRegion:
    if crop is None:
        return 0, 0, width_px, height_px
    left, top = round(crop[0] * width_px), round(crop[1] * height_px)
    right, bottom = round((crop[0] + crop[2]) * width_px), round((crop[1] + crop[3]) * height_px)
    return left, top, max(1, right - left), max(1, bottom - top)


def _within(crop: PixelRegion, region: PixelRegion) -> PixelRegion:
    x, y, width, height = region
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > crop[2] or y + height > crop[3]:
        raise MediaError(f"region {region} leaves the picture of {crop[2]} x {crop[3]} pixels")
    return crop[0] + x, crop[1] + y, width, height
