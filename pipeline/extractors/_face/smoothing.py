"""Removes jitter from the landmarks of a resting face, without delay while it moves.

The One-Euro filter: Casiez et al. 2012, https://doi.org/10.1145/2207676.2208639, with the constants of MediaPipe's
task. Speeds are relative to the size of the face, so that near and far faces are treated alike.
"""

import math

import numpy as np
from jaxtyping import Float32

from pipeline.core.types import Seconds

_MIN_CUTOFF_HZ = 0.05
_BETA = 80.0
_SPEED_CUTOFF_HZ = 1.0
_FIRST_RATE_HZ = 30.0
_LEAST_SIZE_PX = 1e-6

_Points = Float32[np.ndarray, "points 3"]


class Smoother:
    """A low-pass filter for the points of one face; its cutoff rises with their speed."""

    _speed: _Points
    _smooth: _Points

    def __init__(self) -> None:
        self._time_s: Seconds | None = None
        self._rate_hz = _FIRST_RATE_HZ
        self._raw: _Points | None = None

    def reset(self) -> None:
        """Start again with another face."""
        self._time_s, self._rate_hz, self._raw = None, _FIRST_RATE_HZ, None

    def smoothed(self, points_px: _Points, time_s: Seconds) -> _Points:
        """Filter the points of a frame.

        Args:
            points_px: in pixels.
            time_s: later than that of the frame before.
        """
        if self._raw is None:
            self._start(points_px, time_s)
            return points_px
        if self._time_s and time_s > self._time_s:  # a frame at time 0 does not set the rate, as in MediaPipe
            self._rate_hz = 1 / (time_s - self._time_s)
        size_px = max(float(np.ptp(points_px[:, :2], axis=0).mean()), _LEAST_SIZE_PX)
        speed = (points_px - self._raw) * np.float32(self._rate_hz / size_px)
        self._speed += _alpha(np.full_like(speed, _SPEED_CUTOFF_HZ), self._rate_hz) * (speed - self._speed)
        cutoff_hz = _MIN_CUTOFF_HZ + _BETA * np.abs(self._speed)
        self._smooth = self._smooth + _alpha(cutoff_hz, self._rate_hz) * (points_px - self._smooth)
        self._raw, self._time_s = points_px, time_s
        return self._smooth

    def _start(self, points_px: _Points, time_s: Seconds) -> None:
        self._raw = self._smooth = points_px
        self._speed = np.zeros_like(points_px)
        self._time_s = time_s


def _alpha(cutoff_hz: _Points, rate_hz: float) -> _Points:
    """Weights of new values in first-order low-pass filters."""
    turns = np.float32(2 * math.pi / rate_hz) * cutoff_hz
    return turns / (turns + 1)
