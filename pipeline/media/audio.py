"""The audio of a clip, as all extractors and aligners get it: 16 kHz, mono, 16 bit."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from av import AudioFrame
from av.audio.resampler import AudioResampler
from jaxtyping import Float32, Int16

from pipeline.core.errors import MediaError
from pipeline.core.types import Seconds
from pipeline.media import _open
from pipeline.media.span import MediaSpan

RATE_HZ = 16_000
#: Frames whose timestamps jump by more than this start a new run.
_JUMP_S = 0.05
#: Decoding starts this long before a segment, so that codecs with state (mp3, aac) have settled.
_PREROLL_S = 0.5


@dataclass(frozen=True)
class Sound:
    """One mono signal; sample 0 is the clip's time 0.

    Attributes:
        samples: 16-bit, so that all tools get the same rounding, which affects openSMILE's F0 and formants.
        rate_hz: samples per second.
    """

    samples: Int16[np.ndarray, "samples"]
    rate_hz: int = RATE_HZ

    @property
    def waveform(self) -> Float32[np.ndarray, "samples"]:
        """The samples as numbers in [-1, 1)."""
        return self.samples.astype(np.float32) / np.float32(32768)

    @property
    def duration_s(self) -> Seconds:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


def load_sound(span: MediaSpan) -> Sound:
    """Decode the sound of a clip.

    Each run of samples is placed by its timestamp relative to the clip's start; gaps are filled with silence. Nothing
    is added after the last sample. Segments are exact to the sample.

    Args:
        span: the file or segment; its crop is ignored.

    Raises:
        MediaError: unreadable, no audio stream, cut off, damaged, or no sound within the segment.
    """
    with _open.open_media(span.path) as container:
        stream = _open.first_stream(container, "audio", span.path)
        length_s = _open.duration_s(container, span.path)
        start_s, end_s = _open.segment_bounds_s(span.start_s, span.end_s, length_s=length_s, path=span.path)
        header_end_s = _open.stream_end_s(container, stream)
        frames = _open.decode(container, stream, span.path)
        if _open.seek(container, stream, start_s - _PREROLL_S):
            frames = _from_grid(frames, stream.start_time or 0)
        zero_s = _open.zero_s(container)
        frames = _within_limit(frames, zero_s + start_s, span.path)
        runs = list(_runs(frames, zero_s, until_s=None if span.end_s is None else end_s))
    samples = _on_timeline(runs, start_s, None if span.end_s is None else end_s)
    if len(samples) == 0:
        raise MediaError(
            f"{_open.short_name(span.path)}: no sound between {start_s:.2f} s and {end_s:.2f} s; "
            "check the segment or replace the file"
        )
    if header_end_s is not None:
        expected_s = min(header_end_s, end_s) - start_s
        _open.refuse_cut_off(len(samples) / RATE_HZ, expected_s, what="sound", path=span.path)
    return Sound(samples)


def _from_grid(frames: Iterator[Any], origin: int) -> Iterator[Any]:
    """Drop the first samples, so that the resampler starts on the sample grid of the whole file.

    Args:
        frames: decoded frames of one stream, from any position on.
        origin: time stamp of the stream's first sample.
    """
    for frame in frames:
        passed = _samples_before(frame, origin)
        skipped = -passed % (frame.sample_rate // gcd(frame.sample_rate, RATE_HZ))
        if skipped < frame.samples:
            yield _cut(frame, skipped, Fraction(origin) * frame.time_base + Fraction(passed, frame.sample_rate))
            break
    yield from frames


def _within_limit(frames: Iterator[Any], start_s: Seconds, path: Path) -> Iterator[Any]:
    """Pass frames on; a timestamp beyond the longest clip is an error."""
    for frame in frames:
        _open.refuse_too_long((frame.time or 0.0) - start_s, path)
        yield frame


def _samples_before(frame: Any, origin: int) -> int:
    """How many samples of the stream come before a frame.

    Matroska rounds timestamps to milliseconds; the frame length, which most codecs keep constant, gives the sample.
    """
    passed = (frame.pts - origin) * frame.time_base * frame.sample_rate if frame.pts is not None else Fraction(0)
    by_frames = round(passed / frame.samples) * frame.samples
    is_rounding = abs(by_frames - passed) < frame.time_base * frame.sample_rate
    return by_frames if is_rounding else round(passed)


def _cut(frame: Any, samples: int, time_s: Fraction) -> Any:
    """A frame that starts at a time, without its first samples."""
    values = samples if frame.format.is_planar else samples * frame.layout.nb_channels
    rest = np.ascontiguousarray(frame.to_ndarray()[:, values:])
    cut = AudioFrame.from_ndarray(rest, format=frame.format.name, layout=frame.layout.name)
    cut.sample_rate, cut.time_base = frame.sample_rate, Fraction(1, frame.sample_rate)
    cut.pts = round(time_s * frame.sample_rate) + samples
    return cut


def _runs(
    frames: Iterator[Any], zero_s: Seconds, *, until_s: Seconds | None
) -> Iterator[tuple[Seconds, Int16[np.ndarray, "samples"]]]:
    """Yield gapless runs of samples at 16 kHz, each with its start time in the file."""
    run: list[Any] = []
    run_start_s = next_s = 0.0
    for frame in frames:
        time_s = next_s if frame.time is None else frame.time - zero_s
        if until_s is not None and time_s >= until_s:
            break
        if run and (abs(time_s - next_s) > _JUMP_S or frame.sample_rate != run[-1].sample_rate):
            yield run_start_s, _resampled(run)
            run = []
        if not run:
            run_start_s = next_s = time_s
        run.append(frame)
        next_s += frame.samples / frame.sample_rate
    if run:
        yield run_start_s, _resampled(run)


def _resampled(frames: list[Any]) -> Int16[np.ndarray, "samples"]:
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    parts = []
    for frame in [*frames, None]:  # None flushes the filter
        if frame is not None:
            frame.pts = None  # the caller tracks times; the resampler would refuse small jumps
        parts += [out.to_ndarray()[0] for out in resampler.resample(frame)]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


def _on_timeline(
    runs: list[tuple[Seconds, Int16[np.ndarray, "_"]]], start_s: Seconds, end_s: Seconds | None
) -> Int16[np.ndarray, "samples"]:
    placed = [(round((time_s - start_s) * RATE_HZ), samples) for time_s, samples in runs]
    length = max((first + len(samples) for first, samples in placed), default=0)
    if end_s is not None:
        length = min(length, round((end_s - start_s) * RATE_HZ))
    timeline = np.zeros(max(length, 0), np.int16)
    for first, samples in placed:
        begin, end = max(first, 0), min(first + len(samples), length)
        if end > begin:
            timeline[begin:end] = samples[begin - first : end - first]
    return timeline
