"""Small changes to media files."""

import subprocess
from pathlib import Path

import imageio_ffmpeg


def sound_alone(source: Path, target: Path) -> Path:
    """The sound of a clip without its pictures."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(source), "-vn", str(target)]
    subprocess.run(command, check=True)
    return target
