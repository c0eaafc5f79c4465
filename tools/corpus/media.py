"""Broken media files. Each maker turns a sound clip of a talking head into a bad one."""

import os
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg

from tools.corpus.kinds import Kind

BOTH, SOUND, PICTURE = ("egemaps", "face"), ("egemaps",), ("face",)
Maker = Callable[[Path, Path], None]


def ffmpeg(*arguments: object) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def converted(*options: str, suffix: str = ".mp4", inputs: tuple[str, ...] = ()) -> Maker:
    """A maker that runs ffmpeg; the result keeps the name of an mp4 whatever container it is."""

    def make(good: Path, bad: Path) -> None:
        part = bad.with_suffix(f".part{suffix}")
        ffmpeg(*inputs, "-i", good, *options, part)
        part.replace(bad.with_suffix(suffix) if suffix in _NAMED else bad)

    return make


#: Containers that keep their own extension.
_NAMED = (".webm", ".avi", ".flv", ".wmv", ".mov", ".mkv", ".ts", ".ogv", ".m4a")
_QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")


def holding(content: bytes) -> Maker:
    return lambda good, bad: bad.write_bytes(content)


def cut_at(fraction: float) -> Maker:
    """Cut off; the index is at the start, as in files for streaming, so that the rest can still be opened."""

    def make(good: Path, bad: Path) -> None:
        ffmpeg("-i", good, "-c", "copy", "-movflags", "+faststart", bad)
        content = bad.read_bytes()
        bad.write_bytes(content[: int(fraction * len(content))])

    return make


def without_index(good: Path, bad: Path) -> None:
    content = good.read_bytes()
    bad.write_bytes(content[: content.index(b"moov")])


def damaged(good: Path, bad: Path) -> None:
    """Half of the packets overwritten."""
    content = bytearray(good.read_bytes())
    start, end = content.index(b"mdat") + 2000, content.index(b"moov") - 100
    for place in range(start, end, 400):
        content[place : place + 200] = bytes(200)
    bad.write_bytes(content)


def three_hours_by_header(good: Path, bad: Path) -> None:
    part = bad.with_suffix(".part.mkv")
    ffmpeg("-i", good, "-c", "copy", part)
    content = bytearray(part.read_bytes())
    part.unlink()
    place = content.index(b"\x44\x89\x88") + 3
    content[place : place + 8] = struct.pack(">d", 3 * 3600 * 1000.0)
    while (place := content.find(b"00:00:0")) >= 0:
        content[place : place + 8] = b"03:00:00"
    bad.write_bytes(content)


def archive(good: Path, bad: Path) -> None:
    with zipfile.ZipFile(bad, "w") as file:
        file.write(good, "clip.mp4")


def picture(good: Path, bad: Path) -> None:
    part = bad.with_suffix(".part.png")
    ffmpeg("-i", good, "-frames:v", "1", part)
    part.replace(bad)


def cover_art(good: Path, bad: Path) -> None:
    cover = bad.with_suffix(".part.png")
    picture(good, cover)
    maps = ("-map", "0:a", "-map", "1:v", "-c", "copy", "-disposition:v:0", "attached_pic")
    ffmpeg("-i", good, "-i", cover, *maps, bad)
    cover.unlink()


def subtitles_only(good: Path, bad: Path) -> None:
    script = bad.with_suffix(".part.srt")
    script.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    part = bad.with_suffix(".part.mkv")
    ffmpeg("-i", script, part)
    part.replace(bad)
    script.unlink()


def rotated(good: Path, bad: Path) -> None:
    """Stored sideways with a rotation in the header, as by phones."""
    part = bad.with_suffix(".lying.mp4")
    ffmpeg("-i", good, "-vf", "transpose=1", *_QUICK, part)
    ffmpeg("-display_rotation:v:0", "90", "-i", part, "-c", "copy", bad)
    part.unlink()


def change_of_size(good: Path, bad: Path) -> None:
    """Half way through, the pictures become smaller: recordings of video calls do that."""
    parts = [bad.with_suffix(f".{size}.ts") for size in ("large", "small")]
    ffmpeg("-i", good, "-t", "0.6", *_QUICK, parts[0])
    ffmpeg("-ss", "0.6", "-i", good, "-vf", "scale=160:120", *_QUICK, "-output_ts_offset", "0.6", parts[1])
    bad.with_suffix(".ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()


def jumping(gap_s: float) -> Maker:
    """Time stamps of sound and pictures jump forward in the middle."""
    later = f"if(gt(T,0.6),PTS+{gap_s}/TB,PTS)"
    options = ("-vf", f"setpts='{later}'", "-af", f"asetpts='{later}'", "-fps_mode", "passthrough")
    return converted(*options, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16le", suffix=".mkv")


def absent(good: Path, bad: Path) -> None:
    del good, bad


def folder(good: Path, bad: Path) -> None:
    bad.mkdir()


def pipe(good: Path, bad: Path) -> None:
    os.mkfifo(bad)


def dangling(good: Path, bad: Path) -> None:
    bad.symlink_to(bad.parent / "nothing.mp4")


def outward(good: Path, bad: Path) -> None:
    elsewhere = bad.parents[3] / "elsewhere.mp4"
    shutil.copyfile(good, elsewhere)
    bad.symlink_to(elsewhere)


def copied(good: Path, bad: Path) -> None:
    shutil.copyfile(good, bad)


def _silent(good: Path, bad: Path) -> None:
    ffmpeg("-i", good, "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-shortest", "-map", "0:v", "-map", "1:a", bad)


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n%s\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile '%s'\n"
DASH = b"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><BaseURL>%s</BaseURL></MPD>"
BAIT = b"http://127.0.0.1:9/secret.mp4"

_CUT = (
    ("quarantine", "found: nothing|cannot be read as media", BOTH, (0.005, 0.02)),
    (
        "quarantine",
        "the file is cut off|no sound between|no picture can be decoded",
        BOTH,
        (0.15, 0.25, 0.35, 0.45, 0.55),
    ),
    ("accepted", "less than 0.5 s is missing", (), (0.85, 0.95, 0.995)),
)
TRUNCATED = [
    Kind(f"truncated at {100 * point:g} %", outcome, says, cut_at(point), refused)
    for outcome, says, refused, points in _CUT
    for point in points
]

REFUSED = [
    Kind("missing file", "quarantine", "not in the raw folder", absent, BOTH),
    Kind("folder", "quarantine", "not in the raw folder", folder, BOTH),
    Kind("named pipe", "quarantine", "not in the raw folder", pipe, BOTH),
    Kind("broken link", "quarantine", "not in the raw folder", dangling, BOTH),
    Kind("link out of the raw folder", "quarantine", "a symbolic link leads out of the raw folder", outward, BOTH),
    Kind("empty file", "quarantine", r"is empty \(0 bytes\)", holding(b""), BOTH),
    Kind("text", "quarantine", "contains text, not media", holding(b"Forbidden. Please log in.\n" * 40), BOTH),
    Kind("HLS playlist", "quarantine", "is a playlist", holding(PLAYLIST % BAIT), BOTH),
    Kind("HLS playlist of a local file", "quarantine", "is a playlist", holding(PLAYLIST % b"/etc/passwd"), BOTH),
    Kind("concat script", "quarantine", "is a playlist", holding(CONCAT % b"/etc/passwd"), BOTH),
    Kind("DASH manifest", "quarantine", "is a playlist", holding(DASH % BAIT), BOTH),
    Kind("playlist behind binary bytes", "quarantine", "cannot be read", holding(b"\0\xff" + PLAYLIST % BAIT), BOTH),
    Kind("archive", "quarantine", "cannot be read as media", archive, BOTH),
    Kind("random bytes", "quarantine", "cannot be read as media", holding(bytes(range(256)) * 99), BOTH),
    Kind("picture", "quarantine", "cannot be read as media", picture, BOTH),
    Kind("animated GIF", "quarantine", "cannot be read as media", converted("-an", "-r", "5", suffix=".gif"), BOTH),
    Kind("without its index", "quarantine", "cannot be read as media", without_index, BOTH),
    Kind("half of the packets damaged", "quarantine", "packets are damaged|cannot be read as media", damaged, BOTH),
    Kind("three hours according to the header", "quarantine", "expected at most", three_hours_by_header, BOTH),
    Kind("time stamps that jump by 99 hours", "quarantine", "expected at most", jumping(99 * 3600), BOTH),
    Kind("subtitles only", "quarantine", r"stream \(found: subtitle\)", subtitles_only, BOTH),
    Kind("no sound", "quarantine", "has no audio stream", converted("-an", "-c", "copy"), SOUND),
    Kind("no video", "quarantine", "has no video stream", converted("-vn", "-c", "copy"), PICTURE),
    Kind("sound with cover art", "quarantine", "has no video stream", cover_art, PICTURE),
    Kind("WAV named as mp4", "quarantine", "has no video stream", converted("-vn", suffix=".wav"), PICTURE),
]

_H264 = ("-c:v", "libx264", "-preset", "ultrafast")
_FFV1 = ("-c:v", "ffv1", "-c:a", "pcm_s16le")
_WEBM = ("-c:v", "libvpx", "-auto-alt-ref", "0", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis")

ACCEPTED = [
    Kind("Matroska named as mp4", "accepted", "read as Matroska",
         converted("-c", "copy", "-f", "matroska")),
    Kind("variable frame rate", "accepted", "resampled to 25 rows per second",
         converted("-vf", "select='lt(n,10)+not(mod(n,3))'", "-fps_mode", "vfr", *_H264)),
    Kind("100 frames per second", "accepted", "some frames are skipped", converted("-r", "100", *_H264)),
    Kind("2 frames per second", "accepted", "frames are repeated", converted("-r", "2", *_H264)),
    Kind("a single frame", "accepted", "the frame is repeated",
         converted("-vf", "select=eq(n\\,0)", "-fps_mode", "vfr", *_H264)),
    Kind("rotated by its header", "accepted", "rotated upright before face detection", rotated),
    Kind("pictures of 1 x 1", "accepted", "no face: vision is one masked row",
         converted("-vf", "scale=1:1", *_FFV1, suffix=".mkv")),
    Kind("frames of 7680 x 4320", "accepted", "scaled down while decoding",
         converted("-vf", "select=eq(n\\,0),scale=7680:4320", "-fps_mode", "vfr", "-c:v", "mpeg4")),
    Kind("non-square pixels", "accepted", "read as stored", converted("-vf", "setsar=2", *_H264)),
    Kind("frame size changes in the middle", "accepted", "each frame keeps its size", change_of_size),
    Kind("10-bit 4:4:4 frames", "accepted", "converted to RGB", converted("-pix_fmt", "yuv444p10le", *_H264)),
    Kind("greyscale frames", "accepted", "converted to RGB", converted("-pix_fmt", "gray", *_FFV1, suffix=".mkv")),
    Kind("no face", "accepted", "listed under faceless: vision is one masked row",
         converted("-vf", "drawbox=color=gray:t=fill", *_H264)),
    Kind("8 audio channels", "accepted", "mixed to mono", converted("-ac", "8", "-c:v", "copy")),
    Kind("8 kHz sound", "accepted", "resampled", converted("-ar", "8000", "-c:v", "copy")),
    Kind("silence", "accepted", "features of silence", _silent),
    Kind("clipping sound", "accepted", "features of clipped sound", converted("-af", "volume=40dB", "-c:v", "copy")),
    Kind("two sound tracks", "accepted", "the first one is used",
         converted("-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy")),
    Kind("sound that ends early", "accepted", "audio has fewer rows", converted("-af", "atrim=0:0.5", "-c:v", "copy")),
    Kind("time stamps start at 30 s", "accepted", "time 0 is the first sample",
         converted("-c", "copy", "-output_ts_offset", "30", suffix=".ts")),
    Kind("negative time stamps", "accepted", "time 0 is the first sample",
         converted("-c", "copy", "-output_ts_offset", "-0.5", "-avoid_negative_ts", "disabled", suffix=".mov")),
    Kind("time stamps that jump by 3 s", "accepted", "silence and the last frame fill the gap", jumping(3)),
    Kind("MJPEG and PCM in AVI", "accepted", "decoded", converted("-c:v", "mjpeg", "-c:a", "pcm_s16le", suffix=".avi")),
    Kind("Sorenson and MP3 in FLV", "accepted", "decoded",
         converted("-c:v", "flv1", "-ar", "44100", "-c:a", "libmp3lame", suffix=".flv")),
    Kind("WMV2 and WMA in ASF", "accepted", "decoded", converted("-c:v", "wmv2", "-c:a", "wmav2", suffix=".wmv")),
    Kind("VP8 with transparency and Vorbis in WebM", "accepted", "transparency is dropped",
         converted("-pix_fmt", "yuva420p", *_WEBM, suffix=".webm")),
    Kind("ProRes in QuickTime", "accepted", "decoded",
         converted("-c:v", "prores_ks", "-c:a", "pcm_s16le", suffix=".mov")),
    Kind("MPEG-2 in a transport stream", "accepted", "decoded",
         converted("-c:v", "mpeg2video", "-c:a", "mp2", suffix=".ts")),
    Kind("Theora in Ogg", "accepted", "decoded", converted("-c:v", "libtheora", "-c:a", "libvorbis", suffix=".ogv")),
    Kind("a fifth of a second", "accepted", "few rows", converted("-t", "0.2", *_H264)),
]  # fmt: skip

MEDIA = [*TRUNCATED, *REFUSED, *ACCEPTED]
