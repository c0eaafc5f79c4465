"""Word timings by length."""

import numpy as np
import pytest

from pipeline.media.audio import RATE_HZ, Sound
from pipeline.words.proportional import fill_gaps, share_out, spread_over_sound
from pipeline.words.voiced import HOP_S, is_loud


def tone(*parts: tuple[float, float]) -> Sound:
    """Stretches of (seconds, amplitude) over a faint background."""
    rng = np.random.default_rng(0)
    pieces = [
        amplitude * np.sin(np.arange(round(seconds * RATE_HZ)) * 0.1) + rng.normal(0, 5, round(seconds * RATE_HZ))
        for seconds, amplitude in parts
    ]
    return Sound(np.concatenate(pieces).astype(np.int16))


def test_loud_frames_are_those_of_the_tone():
    loud = is_loud(tone((0.5, 0), (1.0, 8000), (0.5, 0)), above_floor=0.5)
    loud_s = np.flatnonzero(loud) * HOP_S
    assert loud_s.min() == pytest.approx(0.5, abs=0.02)
    assert loud_s.max() == pytest.approx(1.5, abs=0.02)


def test_an_even_clip_has_no_loud_frames():
    assert not is_loud(Sound(np.zeros(RATE_HZ, np.int16)), above_floor=0.5).any()
    assert not is_loud(tone((1.0, 0)), above_floor=0.5).any()


def test_words_share_the_loud_parts_by_their_letters():
    sound = tone((0.5, 0), (0.8, 8000), (0.5, 0), (0.4, 8000), (0.5, 0))
    times = spread_over_sound(["abcdefgh", "abcd"], sound)
    np.testing.assert_allclose(times, [[0.5, 1.3], [1.8, 2.2]], atol=0.03)


@pytest.mark.parametrize("seconds", [0.01, 0.3, 2.0])
def test_silence_is_shared_from_end_to_end(seconds):
    sound = Sound(np.zeros(round(seconds * RATE_HZ), np.int16))
    np.testing.assert_allclose(spread_over_sound(["ab", "ab"], sound), share_out(["ab", "ab"], (0.0, seconds)))


def test_many_words_in_little_sound_stay_in_order_and_not_empty():
    times = spread_over_sound(["a"] * 60, tone((0.3, 0), (0.7, 8000), (0.3, 0)))
    assert (times[:, 1] > times[:, 0]).all()
    assert (times[1:, 0] >= times[:-1, 1] - 1e-9).all()


def test_a_gap_is_filled_between_its_neighbours():
    times = np.array([[0.2, 0.5], [np.nan, np.nan], [np.nan, np.nan], [0.8, 1.0]])
    filled = fill_gaps(["a", "bb", "b", "c"], times, Sound(np.zeros(RATE_HZ, np.int16)))
    np.testing.assert_allclose(filled, [[0.2, 0.5], [0.5, 0.7], [0.7, 0.8], [0.8, 1.0]])


def test_neighbours_cede_half_where_there_is_no_gap():
    times = np.array([[0.2, 0.4], [np.nan, np.nan], [0.4, 0.8]])
    filled = fill_gaps(["a", "b", "c"], times, Sound(np.zeros(RATE_HZ, np.int16)))
    np.testing.assert_allclose(filled, [[0.2, 0.3], [0.3, 0.6], [0.6, 0.8]])
