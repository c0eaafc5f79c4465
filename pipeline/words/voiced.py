"""Energy-based detection of loud frames: enough to place words roughly, but no speech detector."""

import numpy as np
from jaxtyping import Bool, Float64

from pipeline.media.audio import Sound

#: Step of the frames; a frame's window is twice as long.
HOP_S = 0.01


def level_db(sound: Sound) -> Float64[np.ndarray, "frames"]:
    """Level of a 20 ms window centred on each frame, in decibels above one step of 16 bits."""
    hop = round(HOP_S * sound.rate_hz)
    frames = len(sound.samples) // hop
    half = np.zeros(hop // 2)
    power = np.concatenate([half, sound.samples[: frames * hop].astype(np.float64) ** 2, half])
    until = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(frames) * hop
    return 10 * np.log10((until[starts + 2 * hop] - until[starts]) / (2 * hop) + 1)


def is_loud(sound: Sound, *, above_floor: float, least_range_db: float = 6.0) -> Bool[np.ndarray, "frames"]:
    """Which frames are louder than the background.

    Args:
        sound: the clip.
        above_floor: threshold, as a fraction of the way from the background (10th percentile) to speech (95th).
        least_range_db: a clip with a smaller range has no loud frames.

    Returns:
        One flag per ``HOP_S``; all False in silence.
    """
    level = level_db(sound)
    if len(level) == 0:
        return np.zeros(0, bool)
    floor, peak = np.percentile(level, (10, 95))
    if peak - floor < least_range_db:
        return np.zeros(len(level), bool)
    return level > floor + above_floor * (peak - floor)
