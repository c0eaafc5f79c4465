"""Clips whose frames show their number and whose sound is known to the sample."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

SIDE_PX = 64
_BITS = 8
_TICKS = 60_000


def numbered(index: int) -> np.ndarray:
    """A picture with the bits of a number as black and white columns."""
    bits = [255 * (index >> bit & 1) for bit in range(_BITS)]
    row = np.repeat(np.array(bits, np.uint8), SIDE_PX // _BITS)
    return np.broadcast_to(row[None, :, None], (SIDE_PX, SIDE_PX, 3)).copy()


def number_of(rgb: np.ndarray) -> int:
    """The number a picture shows, at any scale."""
    row = rgb[rgb.shape[0] // 2].mean(axis=1)
    centres = ((np.arange(_BITS) + 0.5) * len(row) / _BITS).astype(int)
    return sum(1 << bit for bit, centre in enumerate(centres) if row[centre] > 128)


def _picture_packets(stream: av.VideoStream, times_s: Sequence[float], pictures: Sequence[np.ndarray]) -> list:
    packets = []
    for time_s, picture in zip(times_s, pictures, strict=True):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.time_base, frame.pts = Fraction(1, _TICKS), round(time_s * _TICKS)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _sound_packets(stream: av.AudioStream, sound: np.ndarray, rate_hz: int, start_s: float) -> list:
    packets = []
    for first in range(0, len(sound), 1024):
        frame = av.AudioFrame.from_ndarray(sound[None, first : first + 1024], format="s16", layout="mono")
        frame.rate = rate_hz
        frame.time_base, frame.pts = Fraction(1, rate_hz), first + round(start_s * rate_hz)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _video_stream(container: av.container.OutputContainer, picture: np.ndarray) -> av.VideoStream:
    stream = container.add_stream("mpeg4", rate=25, options={"g": "10"})
    stream.height, stream.width = picture.shape[:2]
    stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
    stream.codec_context.time_base = Fraction(1, _TICKS)
    return stream


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Path]:
    """Write a Matroska clip from picture times and 16-bit mono sound."""

    def make(
        *,
        times_s: Sequence[float] = (),
        pictures: Sequence[np.ndarray] | None = None,
        sound: np.ndarray | None = None,
        rate_hz: int = 16_000,
        sound_start_s: float = 0.0,
        name: str = "clip.mkv",
    ) -> Path:
        path = tmp_path / "videos" / name
        path.parent.mkdir(exist_ok=True)
        shown = [numbered(index) for index in range(len(times_s))] if pictures is None else pictures
        with av.open(str(path), "w") as container:
            video = _video_stream(container, shown[0]) if len(shown) else None
            audio = None if sound is None else container.add_stream("pcm_s16le", rate=rate_hz, layout="mono")
            packets = _picture_packets(video, times_s, shown) if video else []
            if audio is not None:
                packets += _sound_packets(audio, sound, rate_hz, sound_start_s)
            for packet in sorted(packets, key=lambda packet: float(packet.dts * packet.time_base)):
                container.mux(packet)
        return path

    return make


@pytest.fixture
def read_number() -> Callable[[np.ndarray], int]:
    """Reader of the number a picture of `make_clip` shows."""
    return number_of
