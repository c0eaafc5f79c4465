"""The one signal all acoustic tools hear."""

import subprocess

import imageio_ffmpeg
import numpy as np
import pytest

from pipeline.core.errors import MediaError
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


@pytest.mark.parametrize("start_s", [1.0, 2.3333, 3.71])
@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "aac -aac_pns 0"), ("a.mkv", "aac -aac_pns 0"), ("a.avi", "libmp3lame"), ("a.mov", "pcm_s16le")],
)
def test_a_segment_of_compressed_sound_equals_the_same_stretch_of_the_whole(make_clip, name, codec, start_s):
    source = make_clip(sound=noise(5.0, 44_100), rate_hz=44_100)
    path = source.with_name(name)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(source), "-c:a", *codec.split(), str(path)]
    subprocess.run(command, check=True)
    whole, segment = (load_sound(MediaSpan(path, at_s, end_s)).samples for at_s, end_s in ((0.0, 5.0), (start_s, 4.5)))
    first = round(start_s * 16_000)
    np.testing.assert_array_equal(segment, whole[first : first + len(segment)])


def test_segments_of_a_clip_with_noise_from_its_decoder_stay_in_step_with_the_whole(shared_data):
    path = shared_data / "faces_odd" / "face_1.mp4"
    whole = load_sound(MediaSpan(path)).samples.astype(float)
    segment = load_sound(MediaSpan(path, 2.0, 4.0)).samples.astype(float)
    assert np.corrcoef(segment, whole[32_000:64_000])[0, 1] > 0.999
