"""Untrusted media files."""

import contextlib

import av
import numpy as np
import pytest

from pipeline.core.errors import MediaError
from pipeline.media import _open
from pipeline.media.audio import load_sound
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video

CONCAT = b"ffconcat version 1.0\nfile 'clip.mkv'\n"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nclip.mkv\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", r"is empty \(0 bytes\)"),
        (b"hello, I am a film\n", "contains text, not media"),
        (PLAYLIST, "is a playlist"),
        (CONCAT, "is a playlist"),
        (bytes(range(256)) * 40, "cannot be read as media"),
    ],
)
def test_what_is_no_media_is_refused_in_its_own_words(tmp_path, content, message):
    path = tmp_path / "videos" / "film.mp4"
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    for load in (load_sound, Video):
        with pytest.raises(MediaError, match=message) as caught:
            load(MediaSpan(path))
        assert "videos/film.mp4" in str(caught.value)
        assert str(tmp_path) not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [CONCAT, PLAYLIST])
def test_ffmpeg_itself_does_not_follow_references(make_clip, content):
    path = make_clip(times_s=[0.0, 0.5])
    script = path.with_name("film.m3u8" if content is PLAYLIST else "film.ffconcat")
    script.write_bytes(content)
    av.open(str(script), options={"safe": "0"}).close()  # without the lists FFmpeg would open it
    with pytest.raises(av.FFmpegError):
        av.open(str(script), container_options=_open._OPEN_OPTIONS)


def test_still_picture_under_a_video_name_is_refused(tmp_path):
    import imageio.v3 as imageio

    path = tmp_path / "film.png"
    imageio.imwrite(path, np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(MediaError, match="cannot be read as media"):
        Video(MediaSpan(path.rename(tmp_path / "film.mp4")))


@pytest.mark.parametrize("name", ["concat:a|b.mkv", "http:clip.mkv", "%03d.mkv", "a b'c.mkv"])
def test_names_are_never_read_as_protocols_or_patterns(make_clip, name):
    path = make_clip(times_s=[0.0, 0.5])
    renamed = path.rename(path.with_name(name))
    assert Video(MediaSpan(renamed)).size_px == (64, 64)


def test_file_cut_off_in_the_middle_is_an_error(make_clip):
    sound = np.random.default_rng(0).integers(-9, 9, 64_000).astype(np.int16)
    path = make_clip(times_s=np.arange(100) / 25, sound=sound)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError, match=r"sound ends at .* the file is cut off"):
        load_sound(MediaSpan(path))
    with pytest.raises(MediaError, match=r"picture ends at .* the file is cut off"):
        list(Video(MediaSpan(path)).frames(25.0))


def test_file_cut_off_is_still_good_for_its_first_second(make_clip):
    path = make_clip(times_s=np.arange(100) / 25)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert len(list(Video(MediaSpan(path, 0.0, 1.0)).frames(25.0))) == 25


def test_mp4_without_its_index_is_an_error(shared_data, tmp_path):
    content = (shared_data / "faces_odd" / "near_silent_face.mp4").read_bytes()
    path = tmp_path / "half.mp4"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError):
        list(Video(MediaSpan(path)).frames(25.0))


def test_ffmpeg_writes_nothing_to_the_terminal(make_clip, capfd):
    path = make_clip(times_s=np.arange(50) / 25)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 400] = bytes(400)
    path.write_bytes(content)
    with contextlib.suppress(MediaError):
        list(Video(MediaSpan(path)).frames(25.0))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("crop", [(0.5, 0.0, 0.6, 1.0), (-0.1, 0.0, 0.5, 0.5), (0.0, 0.0, 0.0, 1.0)])
def test_crop_outside_the_picture_is_an_error(tmp_path, crop):
    with pytest.raises(MediaError, match="leaves the picture"):
        MediaSpan(tmp_path / "a.mp4", crop=crop)


@pytest.mark.parametrize(("start_s", "end_s"), [(-1.0, 2.0), (2.0, 2.0), (3.0, 1.0)])
def test_empty_or_negative_segment_is_an_error(tmp_path, start_s, end_s):
    with pytest.raises(MediaError, match="empty or negative"):
        MediaSpan(tmp_path / "a.mp4", start_s, end_s)
