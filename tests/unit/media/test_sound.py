"""The one signal all acoustic tools hear."""

import numpy as np
import pytest

from pipeline.errors import MediaError
from pipeline.media.audio import Sound, load_sound
from pipeline.media.span import MediaSpan


def noise(seconds: float, rate_hz: int = 16_000) -> np.ndarray:
    return np.random.default_rng(0).integers(-20_000, 20_000, round(seconds * rate_hz)).astype(np.int16)


def click(seconds: float, at_s: float, rate_hz: int) -> np.ndarray:
    samples = np.zeros(round(seconds * rate_hz), np.int16)
    samples[round(at_s * rate_hz)] = 30_000
    return samples


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_click_keeps_its_time_whatever_the_source_rate(make_clip, rate_hz):
    path = make_clip(sound=click(2.0, 1.25, rate_hz), rate_hz=rate_hz)
    sound = load_sound(MediaSpan(path))
    assert sound.rate_hz == 16_000
    assert abs(int(np.argmax(np.abs(sound.samples.astype(int)))) - 20_000) <= 2
    assert sound.duration_s == pytest.approx(2.0, abs=0.002)


def test_sound_of_the_right_rate_is_not_changed(make_clip):
    original = noise(1.5)
    assert np.array_equal(load_sound(MediaSpan(make_clip(sound=original))).samples, original)


def test_sound_that_starts_after_the_pictures_is_padded_in_front(make_clip):
    path = make_clip(times_s=np.arange(50) / 25, sound=click(1.5, 0.25, 16_000), sound_start_s=0.5)
    samples = load_sound(MediaSpan(path)).samples
    assert int(np.argmax(samples)) == pytest.approx(0.75 * 16_000, abs=20)
    assert not samples[: 16_000 // 2].any()


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 1.0), (0.7, 1.9), (2.3333, 2.5)])
def test_segment_equals_the_same_samples_of_the_whole(make_clip, start_s, end_s):
    original = noise(3.0)
    path = make_clip(times_s=np.arange(75) / 25, sound=original)
    segment = load_sound(MediaSpan(path, start_s, end_s)).samples
    first = round(start_s * 16_000)
    assert len(segment) == round((end_s - start_s) * 16_000)
    assert np.array_equal(segment, original[first : first + len(segment)])


def test_waveform_stays_within_minus_one_and_one():
    waveform = Sound(np.array([-32768, 0, 32767], np.int16)).waveform
    assert waveform.dtype == np.float32
    assert waveform[0] == -1.0
    assert waveform[2] < 1.0


def test_segment_after_the_sound_has_ended_is_an_error(make_clip):
    path = make_clip(times_s=np.arange(100) / 25, sound=noise(2.0))
    with pytest.raises(MediaError, match=r"no sound between 2\.50 s and 3\.50 s"):
        load_sound(MediaSpan(path, 2.5, 3.5))


def test_sound_shorter_than_the_pictures_is_not_called_cut_off(make_clip):
    path = make_clip(times_s=np.arange(100) / 25, sound=noise(2.0))
    assert load_sound(MediaSpan(path)).duration_s == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(("start_s", "end_s"), [(5.0, None), (1.0, 9.0)])
def test_segment_outside_the_file_is_an_error_that_tells_its_length(make_clip, start_s, end_s):
    with pytest.raises(MediaError, match=r"the file lasts 2\.0"):
        load_sound(MediaSpan(make_clip(sound=noise(2.0)), start_s, end_s))


def test_video_without_sound_is_an_error(make_clip):
    with pytest.raises(MediaError, match=r"has no audio stream \(found: video\)"):
        load_sound(MediaSpan(make_clip(times_s=np.arange(10) / 25)))


def test_real_clips_sound_as_long_as_their_container_says(shared_data):
    for path in sorted((shared_data / "grid").glob("*.mpg"))[:3]:
        assert load_sound(MediaSpan(path)).duration_s == pytest.approx(2.98, abs=0.03)


def test_segments_of_a_compressed_clip_stay_in_step_with_the_whole(shared_data):
    path = shared_data / "faces_odd" / "face_1.mp4"
    whole = load_sound(MediaSpan(path)).samples.astype(float)
    segment = load_sound(MediaSpan(path, 2.0, 4.0)).samples.astype(float)
    lags = range(-8, 9)
    fits = [np.corrcoef(segment[100:-100], whole[32_100 + lag :][: len(segment) - 200])[0, 1] for lag in lags]
    assert lags[int(np.argmax(fits))] in {-1, 0, 1}
    assert max(fits) > 0.99
