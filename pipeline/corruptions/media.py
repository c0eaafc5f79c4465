"""Corruptions of decoded media: blurred pictures and noisy sound for an extractor; the file is not changed."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import UInt8

from pipeline.core.types import Hertz
from pipeline.corruptions.levels import Corruption, random_of
from pipeline.media.audio import Sound
from pipeline.media.span import MediaSpan
from pipeline.media.video import Frame, PixelRegion, Video

#: Shorter side of the picture that the standard deviation of the blur refers to.
_REFERENCE_PX = 256
_FULL_SCALE = 32767


class BlurredVideo(Video):
    """The pictures of a clip under a Gaussian blur that hides the same detail at every requested size.

    Args:
        span: the file or segment.
        sigma: standard deviation in pixels of a picture whose shorter side is 256.

    Raises:
        MediaError: the pictures cannot be decoded.
    """

    def __init__(self, span: MediaSpan, *, sigma: float):
        super().__init__(span)
        self._sigma = sigma

    def frames(
        self, rate_hz: Hertz, max_side_px: int | None = None, region: PixelRegion | None = None
    ) -> Iterator[Frame]:
        """Yield the pictures of `Video.frames`, blurred after they are cut out and scaled."""
        longer_px = max(region[2:]) if region else max(self.size_px)
        last: tuple[Frame, Frame] | None = None
        for frame in super().frames(rate_hz, max_side_px, region):
            if last is None or frame.rgb is not last[0].rgb:  # a repeated picture is blurred once
                scale = max(frame.rgb.shape[:2]) / longer_px * min(self.size_px) / _REFERENCE_PX
                last = frame, Frame(frame.time_s, _blurred(frame.rgb, self._sigma * scale))
            yield Frame(frame.time_s, last[1].rgb)


def noisy(sound: Sound, corruption: Corruption, clip_id: str) -> Sound:
    """Add white noise at a signal-to-noise ratio over the whole clip; silence stays silence.

    Args:
        sound: the clip's sound.
        corruption: its strength is the ratio in dB.
        clip_id: fixes the noise.
    """
    signal = sound.samples.astype(np.float64)
    power = np.mean(np.square(signal)) if len(signal) else 0.0
    noise = random_of(clip_id, name=corruption.name, seed=corruption.seed).standard_normal(len(signal))
    mixed = signal + noise * np.sqrt(power * 10 ** (-corruption.strength / 10))
    return Sound(np.clip(np.round(mixed), -_FULL_SCALE - 1, _FULL_SCALE).astype(np.int16), sound.rate_hz)


def _blurred(rgb: UInt8[np.ndarray, "height width 3"], sigma_px: float) -> UInt8[np.ndarray, "height width 3"]:
    import cv2

    return cv2.GaussianBlur(rgb, (0, 0), sigma_px) if sigma_px > 0 else rgb
