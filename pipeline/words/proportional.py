"""Word timings without an aligner: in proportion to length, over the loud parts of a clip or within a gap."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64

from pipeline.media.audio import Sound
from pipeline.words.voiced import HOP_S, is_loud

#: Between background and speech (see ``is_loud``).
_LOUD = 0.5
#: Shorter pauses are part of a word, such as the closure of a plosive.
_LEAST_PAUSE_FRAMES = 15


def spread_over_sound(words: Sequence[str], sound: Sound) -> Float64[np.ndarray, "words 2"]:
    """Give each word a share of the loud parts, in proportion to its letters.

    In a clip without loud parts the words share the whole clip. A word may span a pause.

    Args:
        words: as written; at least one.
        sound: the clip.

    Returns:
        Start and end of each word in seconds, in order, each end after its start.
    """
    loud = _bridge_pauses(is_loud(sound, above_floor=_LOUD))
    if loud.sum() < len(words):
        return share_out(words, (0.0, sound.duration_s))
    borders = np.concatenate([[0.0], np.cumsum(loud)])  # loud frames passed at each frame's border
    cuts = _cuts(words) * borders[-1]
    at_s = np.arange(len(borders)) * HOP_S
    # If a cut falls into a pause, the next word starts after it and the last word ends before it.
    starts = at_s[np.searchsorted(borders, np.floor(cuts[:-1]), side="right") - 1]
    ends = at_s[np.searchsorted(borders, np.floor(cuts[1:]), side="left")]
    return _no_empty(np.stack([starts, ends], axis=1), sound.duration_s)


def share_out(words: Sequence[str], span_s: tuple[float, float]) -> Float64[np.ndarray, "words 2"]:
    """Divide an interval among words in proportion to their letters."""
    cuts_s = span_s[0] + _cuts(words) * (span_s[1] - span_s[0])
    return np.stack([cuts_s[:-1], cuts_s[1:]], axis=1)


def fill_gaps(
    words: Sequence[str], times: Float64[np.ndarray, "words 2"], sound: Sound
) -> Float64[np.ndarray, "words 2"]:
    """Place words without a time between their neighbours.

    If the neighbours leave no room, each gives up the half on that side.

    Args:
        words: as written.
        times: in order; NaN for the words to place. At least one word has a time.
        sound: the clip, for its end.
    """
    filled = times.copy()
    known = ~np.isnan(times[:, 0])
    for first, last in _runs(~known):
        before, after = first - 1, last + 1
        start_s = filled[before, 1] if before >= 0 else 0.0
        end_s = filled[after, 0] if after < len(words) else sound.duration_s
        if end_s - start_s < HOP_S * (last - first + 1):
            if before >= 0:
                start_s = filled[before, 1] = filled[before].mean()
            if after < len(words):
                end_s = filled[after, 0] = filled[after].mean()
        filled[first : last + 1] = share_out(words[first : last + 1], (start_s, end_s))
    return filled


def _cuts(words: Sequence[str]) -> Float64[np.ndarray, "borders"]:
    """Borders of the words as fractions of their total length."""
    lengths = np.cumsum([0, *(max(len(word), 1) for word in words)])
    return lengths / lengths[-1]


def _runs(flags: Bool[np.ndarray, "items"]) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _bridge_pauses(loud: Bool[np.ndarray, "frames"]) -> Bool[np.ndarray, "frames"]:
    bridged = loud.copy()
    for first, last in _runs(~loud):
        inside = first > 0 and last < len(loud) - 1
        if inside and last - first + 1 < _LEAST_PAUSE_FRAMES:
            bridged[first : last + 1] = True
    return bridged


def _no_empty(times: Float64[np.ndarray, "words 2"], duration_s: float) -> Float64[np.ndarray, "words 2"]:
    """Make all intervals end within the clip and last at least half a hop."""
    times = np.minimum(times, duration_s)
    return np.stack([times[:, 0], np.maximum(times[:, 1], times[:, 0] + HOP_S / 2)], axis=1)
