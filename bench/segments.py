"""Cost of decoding segments of a long video, against decoding it once: ``python bench/segments.py [--minutes 10]``.

The long video is joined from demo clips by FFmpeg with its default key-frame interval. Both sides decode pictures
at 25 per second and the sound, in one process; the ratio is of CPU seconds in one run, the two sides alternating.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg

from pipeline.demo.dataset import make_demo
from pipeline.media.audio import load_sound
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video

SEGMENTS = 40


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the joined video")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each side")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = make_long_video(Path(folder), arguments.minutes * 60)
        length_s = arguments.minutes * 60 / SEGMENTS
        whole, parts = [], []
        for _ in range(arguments.rounds):
            whole.append(cpu_of([MediaSpan(path)]))
            parts.append(cpu_of([MediaSpan(path, i * length_s, (i + 1) * length_s) for i in range(SEGMENTS)]))
        ratio = min(parts) / min(whole)
        print(
            json.dumps({"segments": SEGMENTS, "whole_cpu_s": whole, "segments_cpu_s": parts, "ratio": round(ratio, 3)})
        )


def make_long_video(folder: Path, length_s: float) -> Path:
    """Demo clips one after the other until the length is reached."""
    make_demo(folder / "demo", num_clips=16)
    clips = sorted((folder / "demo").rglob("*.mp4"))
    listing = folder / "list.txt"
    listing.write_text("".join(f"file '{clips[i % len(clips)]}'\n" for i in range(int(length_s / 2))))
    path = folder / "long.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "concat", "-safe", "0", "-i", str(listing)]
    subprocess.run([*command, "-t", str(length_s), "-c:v", "libx264", "-c:a", "aac", str(path)], check=True)
    return path


def cpu_of(spans: list[MediaSpan]) -> float:
    """CPU seconds of decoding the pictures and the sound of each span."""
    started = time.process_time()
    for span in spans:
        load_sound(span)
        for _ in Video(span).frames(25.0, 480):
            pass
    return round(time.process_time() - started, 2)


if __name__ == "__main__":
    main()
