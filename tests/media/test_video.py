"""Pictures on an even grid."""

import subprocess

import imageio_ffmpeg
import numpy as np
import pytest

from pipeline.core.errors import MediaError
from pipeline.media import _decoder_cache
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video


@pytest.mark.parametrize("source_hz", [12.0, 23.67, 25.0, 26.4, 29.97, 50.0])
def test_every_place_shows_the_latest_frame_due(make_clip, read_number, source_hz):
    times_s = np.round(np.arange(round(4 * source_hz)) / source_hz, 3)  # Matroska keeps milliseconds
    video = Video(MediaSpan(make_clip(times_s=times_s)))
    for slot, frame in enumerate(video.frames(25.0)):
        assert frame.time_s == slot / 25
        due = {int(np.flatnonzero(times_s <= frame.time_s + late_s)[-1]) for late_s in (1e-6, 0.0015)}
        assert read_number(frame.rgb) in due


@pytest.mark.parametrize("rate_hz", [10.0, 25.0, 29.97, 60.0])
def test_grid_covers_the_clip_to_its_end(make_clip, rate_hz):
    video = Video(MediaSpan(make_clip(times_s=np.arange(80) / 26.4)))
    last = list(video.frames(rate_hz))[-1]
    assert last.time_s < video.duration_s <= last.time_s + 1 / rate_hz


def test_uneven_frame_times_are_kept(make_clip, read_number):
    times_s = [0.0, 0.1, 0.15, 0.5, 0.52, 1.0]
    video = Video(MediaSpan(make_clip(times_s=times_s)))
    shown = {round(frame.time_s, 2): read_number(frame.rgb) for frame in video.frames(20.0)}
    assert [shown[at] for at in (0.0, 0.05, 0.1, 0.15, 0.45, 0.5, 0.55, 0.95, 1.0)] == [0, 0, 1, 2, 2, 3, 4, 4, 5]


def test_pictures_can_be_iterated_again(make_clip):
    video = Video(MediaSpan(make_clip(times_s=np.arange(20) / 25)))
    once, again = (np.stack([frame.rgb for frame in video.frames(25.0)]) for _ in range(2))
    assert np.array_equal(once, again)


@pytest.mark.parametrize("start_s", [0.2, 1.0, 2.46])
def test_segment_begins_with_the_frame_due_at_its_start(make_clip, read_number, start_s):
    path = make_clip(times_s=np.arange(100) / 25)
    video = Video(MediaSpan(path, start_s, start_s + 1))
    numbers = [read_number(frame.rgb) for frame in video.frames(25.0)]
    assert video.duration_s == pytest.approx(1.0)
    assert numbers == [int((start_s + 0.001) * 25) + slot for slot in range(25)]


def test_segments_that_share_an_open_file_equal_those_read_alone(make_clip, read_number, monkeypatch):
    path = make_clip(times_s=np.arange(150) / 25, name="clip.mp4")
    spans = [MediaSpan(path, start_s, start_s + 1) for start_s in (1.0, 2.0, 3.5, 0.4)]
    in_a_row = [[read_number(frame.rgb) for frame in Video(span).frames(25.0)] for span in spans]
    assert [stamp[0] for stamp in _decoder_cache._idle] == [path]
    monkeypatch.setattr(_decoder_cache, "_keep", lambda key, container: container.close())
    _decoder_cache._idle.clear()
    assert in_a_row == [[read_number(frame.rgb) for frame in Video(span).frames(25.0)] for span in spans]


def test_a_replaced_file_is_opened_again(make_clip, read_number):
    path = make_clip(times_s=np.arange(75) / 25, name="clip.mp4")
    span = MediaSpan(path, 1.0, 2.0)
    assert list(Video(span).frames(25.0))
    assert _decoder_cache._idle
    wide = [np.full((64, 128, 3), 255, np.uint8)] * 75
    make_clip(times_s=np.arange(75) / 25, pictures=wide, name="other.mp4").replace(path)
    video = Video(span)
    assert video.size_px == (128, 64)
    assert min(frame.rgb.min() for frame in video.frames(25.0)) > 200


def test_pictures_are_scaled_down_but_never_up(make_clip):
    wide = np.zeros((64, 128, 3), np.uint8)
    video = Video(MediaSpan(make_clip(times_s=[0.0, 0.5], pictures=[wide, wide])))
    assert video.size_px == (128, 64)
    assert next(video.frames(2.0, 32)).rgb.shape == (16, 32, 3)
    assert next(video.frames(2.0, 999)).rgb.shape == (64, 128, 3)


def test_region_and_crop_cut_before_scaling(make_clip):
    picture = np.zeros((64, 128, 3), np.uint8)
    picture[32:, 96:] = 255
    path = make_clip(times_s=[0.0, 0.5], pictures=[picture, picture])
    by_region = next(Video(MediaSpan(path)).frames(2.0, None, (96, 32, 32, 32))).rgb
    cropped = Video(MediaSpan(path, crop=(0.5, 0.5, 0.5, 0.5)))
    by_both = next(cropped.frames(2.0, 16, (32, 0, 32, 32))).rgb
    assert cropped.size_px == (64, 32)
    assert by_region.shape == (32, 32, 3)
    assert by_both.shape == (16, 16, 3)
    assert min(by_region.mean(), by_both.mean()) > 200


def test_region_outside_the_picture_is_an_error(make_clip):
    video = Video(MediaSpan(make_clip(times_s=[0.0, 0.5])))
    with pytest.raises(MediaError, match="leaves the picture of 64 x 64"):
        next(video.frames(2.0, None, (32, 0, 40, 40)))


def test_rows_are_contiguous_in_memory(make_clip):
    odd = np.zeros((64, 90, 3), np.uint8)  # FFmpeg pads rows of this width
    frame = next(Video(MediaSpan(make_clip(times_s=[0.0, 0.5], pictures=[odd, odd]))).frames(2.0))
    assert frame.rgb.flags.c_contiguous


@pytest.mark.parametrize(("turn_deg", "corner"), [(90, "left bottom"), (180, "right bottom"), (270, "right top")])
def test_pictures_are_turned_upright(make_clip, turn_deg, corner):
    picture = np.zeros((64, 128, 3), np.uint8)
    picture[:32, :32] = 255  # left top
    source = make_clip(times_s=[0.0, 0.5], pictures=[picture, picture])
    turned = source.with_name("turned.mp4")
    tool = imageio_ffmpeg.get_ffmpeg_exe()
    command = [tool, "-v", "error", "-display_rotation", str(turn_deg), "-i", source, "-c", "copy", turned]
    subprocess.run(command, check=True)
    video = Video(MediaSpan(turned))
    rgb = next(video.frames(2.0)).rgb
    assert video.size_px == ((64, 128) if turn_deg % 180 else (128, 64))
    assert rgb.shape[1::-1] == video.size_px
    side, end = corner.split()
    rows = slice(0, 16) if end == "top" else slice(-16, None)
    columns = slice(0, 16) if side == "left" else slice(-16, None)
    assert rgb[rows, columns].mean() > 200
    assert rgb.mean() < 80


def test_sound_without_pictures_is_an_error(make_clip):
    with pytest.raises(MediaError, match=r"has no video stream \(found: audio\)"):
        Video(MediaSpan(make_clip(sound=np.zeros(16_000, np.int16))))


def test_bright_frame_and_click_of_one_moment_stay_together(make_clip):
    from pipeline.media.audio import load_sound

    dark, bright = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)
    sound = np.zeros(32_000, np.int16)
    sound[16_000] = 30_000
    path = make_clip(
        times_s=1 + np.arange(50) / 25,
        pictures=[bright if k == 25 else dark for k in range(50)],
        sound=sound,
        sound_start_s=1.0,
    )
    for start_s in (None, 0.4):
        span = MediaSpan(path, start_s)
        seen_s = next(frame.time_s for frame in Video(span).frames(25.0) if frame.rgb.mean() > 128)
        heard_s = int(np.argmax(load_sound(span).samples)) / 16_000
        assert abs(seen_s - heard_s) <= 1 / 25


def test_odd_real_clips_have_rows_to_their_end(shared_data):
    for path in sorted((shared_data / "faces_odd").iterdir()):
        video = Video(MediaSpan(path))
        last_s = max(frame.time_s for frame in video.frames(5.0, 64))
        assert 0 < video.duration_s - last_s < 0.201
