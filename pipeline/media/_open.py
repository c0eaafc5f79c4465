"""Opens untrusted media files; faults become one-line errors.

FFmpeg follows references: a playlist or a concat script named ``clip.mp4`` would make it read other files or the
network. Only local, self-contained files are accepted.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition

from pipeline.core.errors import MediaError
from pipeline.core.types import Seconds

#: FFmpeg's demuxer names. No playlists (hls, dash, concat), no image sequences, no devices.
CONTAINER_FORMATS = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpeg", "mpegts", "mpegvideo"),
    *("flv", "asf", "ogg", "wav", "mp3", "aac", "flac"),
)
_OPEN_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINER_FORMATS)}
_STILL_BRANDS = frozenset({"avif", "heic", "heix", "mif1"})

#: Containers without an index: seeking lands anywhere, so they are decoded from their beginning.
_UNINDEXED = frozenset({"mpeg", "mpegts", "mpegvideo"})

#: Longest clip; a recording with several segments may be longer.
LONGEST_S = 3600
#: A stream is truncated if more than both of these are missing at its end.
MISSING_S, MISSING_FRACTION = 0.5, 0.1
#: A stream is damaged if more than this fraction of its packets cannot be decoded.
_BAD_PACKET_FRACTION = 0.1
#: All frames from this long before the wanted time on are decoded; no codec reorders frames further.
_LEAD_IN_S = 1.0

# Otherwise PyAV prints FFmpeg's warnings; errors are raised as MediaError.
av.logging.set_level(av.logging.PANIC)


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a media file for reading.

    Args:
        path: a local file.

    Raises:
        MediaError: absent, empty, text or a playlist, a still picture, or no media file that FFmpeg knows.
            FFmpeg errors inside the ``with`` block become MediaErrors too.
    """
    with ffmpeg_errors_as_media_errors(path), opened(path) as container:
        yield container


def opened(path: Path) -> InputContainer:
    """Open a media file; the caller closes it.

    Raises:
        MediaError: as for `open_media`.
    """
    _refuse_obvious(path)
    with ffmpeg_errors_as_media_errors(path):
        # The prefix keeps a name such as "concat:a|b" from being read as a protocol.
        container = av.open(f"file:{os.fspath(path)}", container_options=_OPEN_OPTIONS, metadata_errors="replace")
    if container.metadata.get("major_brand") in _STILL_BRANDS:
        container.close()
        raise MediaError(f"{short_name(path)}: contains a still picture; give a video or sound file")
    return container


@contextmanager
def ffmpeg_errors_as_media_errors(path: Path) -> Iterator[None]:
    """Turn FFmpeg's errors into MediaError."""
    try:
        yield
    except av.FFmpegError as error:
        raise MediaError(
            f"{short_name(path)}: cannot be read as media ({error.strerror}); "
            "expected a complete mp4, mov, mkv, webm, avi, mpeg, flv, asf, ogg, wav, mp3, aac or flac file"
        ) from error


def first_stream(container: InputContainer, kind: str, path: Path) -> Any:
    """Return the first ``video`` or ``audio`` stream; the cover picture of a sound file is no video.

    Raises:
        MediaError: there is none.
    """
    streams = [stream for stream in container.streams if stream.type == kind]
    streams = [stream for stream in streams if not stream.disposition & Disposition.attached_pic]
    if not streams or streams[0].codec_context is None:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise MediaError(f"{short_name(path)}: has no {kind} stream (found: {kinds}); replace the file")
    stream: Any = streams[0]
    if not stream.codec_context.is_open:
        # There is one process per core, so more threads would only compete.
        stream.thread_type = "NONE"
    return stream


def zero_s(container: InputContainer) -> Seconds:
    """Timestamp of the clip's time 0: the earliest sample of any stream."""
    return (container.start_time or 0) / av.time_base


def duration_s(container: InputContainer, path: Path) -> Seconds:
    """Length of the file from its time 0, from its header or else from its packets.

    Raises:
        MediaError: both lack a length.
    """
    if container.duration:
        return container.duration / av.time_base - _header_offset_s(container)
    # Browsers record webm without a duration.
    ends_s = [_packet_end_s(packet) for packet in container.demux() if packet.pts is not None]
    container.seek(container.start_time or 0)
    length_s = max(ends_s, default=0.0) - zero_s(container)
    if length_s <= 0:
        raise MediaError(f"{short_name(path)}: contains no timed frames or audio; replace the file")
    return length_s


def stream_end_s(container: InputContainer, stream: Any) -> Seconds | None:
    """End of a stream according to the header, from the clip's time 0; None if the header lacks it."""
    if stream.duration:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base) - zero_s(container)
    tag = stream.metadata.get("DURATION")  # Matroska, as 00:00:02.980000000
    if tag and tag.count(":") == 2:
        hours, minutes, seconds = (float(part) for part in tag.split(":"))
        return 3600 * hours + 60 * minutes + seconds - zero_s(container)
    return container.duration / av.time_base - _header_offset_s(container) if container.duration else None


def seek(container: InputContainer, stream: Any, time_s: Seconds) -> bool:
    """Seek to a time of the clip or a little before it; the caller drops what is decoded before that time.

    Returns:
        False if the file must be read from its beginning.
    """
    if time_s <= 0 or container.format.name in _UNINDEXED:
        return False
    container.seek(int((time_s + zero_s(container)) / stream.time_base), stream=stream)
    return True


def decode(container: InputContainer, stream: Any, path: Path, *, wanted_from_s: Seconds = 0.0) -> Iterator[Any]:
    """Decode a stream from the current position on, skipping single damaged packets.

    Args:
        container: the open file.
        stream: the stream to decode.
        path: the file, for messages.
        wanted_from_s: frames well before this time of the clip may be skipped.

    Raises:
        MediaError: more than a tenth of the packets cannot be decoded.
    """
    packets = bad = 0
    skip_until_s = wanted_from_s + zero_s(container) - _LEAD_IN_S
    for packet in container.demux(stream):
        packets += 1
        if stream.type == "video":
            # Between the key frame and the wanted time, non-reference frames need not be decoded.
            early = packet.pts is not None and float(packet.pts * packet.time_base) < skip_until_s
            stream.codec_context.skip_frame = "NONREF" if early else "DEFAULT"
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            bad += 1
    if bad > 1 and bad > _BAD_PACKET_FRACTION * packets:
        raise MediaError(f"{short_name(path)}: {bad} of {packets} {stream.type} packets are damaged; replace the file")


def refuse_cut_off(reached_s: Seconds, expected_s: Seconds, *, what: str, path: Path) -> None:
    """Compare the end of decoding with the end according to the header.

    Raises:
        MediaError: more than 0.5 s and more than 10 % are missing.
    """
    missing_s = expected_s - reached_s
    if missing_s > MISSING_S and missing_s > MISSING_FRACTION * expected_s:
        raise MediaError(
            f"{short_name(path)}: {what} ends at {max(reached_s, 0.0):.2f} s of {expected_s:.2f} s; "
            "the file is cut off, copy it again"
        )


def refuse_too_long(length_s: Seconds, path: Path) -> None:
    """Refuse clips over an hour, so that a false header or timestamp cannot fill the memory.

    Raises:
        MediaError: the clip is longer than an hour.
    """
    if length_s > LONGEST_S:
        raise MediaError(
            f"{short_name(path)}: lasts {length_s:.0f} s by its time stamps; expected at most {LONGEST_S} s; "
            "give the clips' start and end in the label table, or cut the file"
        )


def segment_bounds_s(
    start_s: Seconds | None, end_s: Seconds | None, *, length_s: Seconds, path: Path
) -> tuple[Seconds, Seconds]:
    """Bounds of a segment within the file; an end slightly past the file's end is moved to it.

    Raises:
        MediaError: the segment starts after the file's end or reaches clearly past it, or lasts more than an hour.
    """
    begin_s = start_s or 0.0
    refuse_too_long((length_s if end_s is None else min(end_s, length_s)) - begin_s, path)
    if begin_s >= length_s:
        raise MediaError(
            f"{short_name(path)}: segment starts at {begin_s:.2f} s but the file lasts {length_s:.2f} s; "
            "correct the label table's times"
        )
    if end_s is None:
        return begin_s, length_s
    if end_s - length_s > MISSING_S and end_s - length_s > MISSING_FRACTION * (end_s - begin_s):
        raise MediaError(
            f"{short_name(path)}: segment ends at {end_s:.2f} s but the file lasts {length_s:.2f} s; "
            "correct the label table's times"
        )
    return begin_s, min(end_s, length_s)


def short_name(path: Path) -> str:
    """Folder and name: enough to find the file, without the machine's paths."""
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def _header_offset_s(container: InputContainer) -> Seconds:
    """Matroska's header gives the last timestamp, other headers the duration from the first to the last."""
    return zero_s(container) if "matroska" in container.format.name else 0.0


def _packet_end_s(packet: Any) -> Seconds:
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)


def _refuse_obvious(path: Path) -> None:
    if not path.is_file():
        raise MediaError(f"{short_name(path)}: no such file; expected a video or sound file")
    if path.stat().st_size == 0:
        raise MediaError(f"{short_name(path)}: is empty (0 bytes); copy it again")
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith((b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD")):
        raise MediaError(f"{short_name(path)}: is a playlist, not media; give the file it points to")
    if _is_text(head):
        raise MediaError(f"{short_name(path)}: contains text, not media; replace the file")


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char in "\r\n\t\f\ufeff" for char in text)
