"""Blurred pictures and noisy sound."""

import cv2
import numpy as np
import pytest

from pipeline.core.errors import ConfigError
from pipeline.corruptions.levels import Corruption, at_level
from pipeline.corruptions.media import BlurredVideo, noisy
from pipeline.media.audio import Sound
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video

TONE = Sound((8000 * np.sin(np.arange(32000) * 0.2)).astype(np.int16))


@pytest.fixture
def small_clip(make_clip):
    """Two pictures of random blocks, wider than high."""
    blocks = np.random.default_rng(1).integers(0, 256, (2, 12, 16, 3)).astype(np.uint8)
    pictures = blocks.repeat(8, axis=1).repeat(8, axis=2)
    return make_clip(times_s=[0.0, 0.4], pictures=[pictures[0], pictures[1]])


@pytest.mark.parametrize("ratio_db", [20.0, 5.0, 0.0])
def test_noise_has_the_stated_signal_to_noise_ratio(ratio_db):
    mixed = noisy(TONE, Corruption("audio_noise", ratio_db), "a")
    noise = mixed.samples.astype(float) - TONE.samples
    found_db = 10 * np.log10(np.mean(TONE.samples.astype(float) ** 2) / np.mean(noise**2))
    assert found_db == pytest.approx(ratio_db, abs=0.2)


def test_noise_depends_on_clip_and_seed_alone_and_silence_stays_silent():
    first, again, other = (noisy(TONE, at_level("audio_noise", 2), name).samples for name in ("a", "a", "b"))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert not noisy(Sound(np.zeros(500, np.int16)), at_level("audio_noise", 4), "a").samples.any()


def test_loud_noise_is_clipped_not_wrapped():
    loud = Sound(np.full(4000, 30000, np.int16))
    assert noisy(loud, Corruption("audio_noise", 0.0), "a").samples.max() == 32767


def detail(rgb):
    return np.abs(np.diff(rgb.astype(float), axis=1)).mean()


def test_blur_takes_detail_off_every_picture_and_keeps_times_and_sizes(small_clip):
    span = MediaSpan(small_clip)
    sharp = list(Video(span).frames(10.0))
    less = []
    for sigma in (2.0, 8.0):
        blurred = list(BlurredVideo(span, sigma=sigma).frames(10.0))
        assert [(f.time_s, f.rgb.shape) for f in blurred] == [(f.time_s, f.rgb.shape) for f in sharp]
        less.append(np.mean([detail(f.rgb) for f in blurred]))
    assert np.mean([detail(f.rgb) for f in sharp]) > less[0] > less[1]


@pytest.mark.parametrize(
    ("max_side_px", "region", "sigma_px"), [(None, None, 3.0), (64, None, 1.5), (24, (8, 8, 48, 48), 1.5)]
)
def test_the_blur_is_scaled_with_the_picture(small_clip, max_side_px, region, sigma_px):
    shown = 5.0, max_side_px, region
    sharp = next(Video(MediaSpan(small_clip)).frames(*shown)).rgb
    blurred = next(BlurredVideo(MediaSpan(small_clip), sigma=8.0).frames(*shown)).rgb
    np.testing.assert_array_equal(blurred, cv2.GaussianBlur(sharp, (0, 0), sigma_px))


def test_an_unknown_level_or_corruption_is_named_in_one_line():
    with pytest.raises(ConfigError, match="level 5 of blur; expected 1 to 4"):
        at_level("blur", 5)
    with pytest.raises(ConfigError, match="no corruption 'fog'; valid: missing_text"):
        at_level("fog", 1)
