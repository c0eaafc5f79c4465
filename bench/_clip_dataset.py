"""A dataset of some clips in MMSA's raw layout, which both MMSA-FET and the reader ``table`` can read."""

import csv
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg

from pipeline.media.suffixes import MEDIA_SUFFIXES

#: For clips that come without a transcript.
SENTENCE = "i have to say that this film was a good deal better than what most of the papers wrote of it"
_COLUMNS = ("video_id", "clip_id", "text", "label", "label_T", "label_A", "label_V", "annotation", "mode")
_MODES = ("train", "valid", "test", "train", "train", "train")


@dataclass
class ClipDataset:
    """Clips under a folder, one video each.

    Attributes:
        folder: of ``label.csv`` and ``Raw``.
        texts: transcript by video id; the order of the table.
    """

    folder: Path
    texts: dict[str, str] = field(default_factory=dict)

    def fill(self, source: Path, count: int | None, height_px: int | None = None) -> None:
        """Convert the clips of a folder to H.264 and AAC in mp4, and repeat them until there are ``count``.

        Args:
            source: the folder.
            count: number of clips; None for each once.
            height_px: height to scale the pictures to; None to leave them unchanged.
        """
        transcripts = _transcripts(source)
        paths = [path for path in sorted(source.iterdir()) if path.suffix.lower() in MEDIA_SUFFIXES]
        count = count or len(paths)
        for index, path in enumerate(paths[:count]):
            _convert(path, self._clip(f"v{index:04d}"), height_px)
        for index in range(count):
            if index >= len(paths):
                shutil.copy(self._clip(f"v{index % len(paths):04d}"), self._clip(f"v{index:04d}"))
            self.texts[f"v{index:04d}"] = transcripts.get(paths[index % len(paths)].name, SENTENCE)
        self.write()

    def add(self) -> None:
        """Add a copy of the first clip under another id."""
        first, added = next(iter(self.texts)), f"v{len(self.texts):04d}"
        shutil.copy(self._clip(first), self._clip(added))
        self.texts[added] = self.texts[first]
        self.write()

    def edit(self) -> None:
        """Change a word in the first clip's transcript."""
        first = next(iter(self.texts))
        self.texts[first] += " again"
        self.write()

    def write(self) -> None:
        """Write the label table."""
        with (self.folder / "label.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(_COLUMNS)
            for index, (video, text) in enumerate(self.texts.items()):
                label, mode = index % 7 - 3, _MODES[index % len(_MODES)]
                table.writerow((video, "0001", text, label, label, label, label, "Neutral", mode))

    def _clip(self, video: str) -> Path:
        path = self.folder / "Raw" / video / "0001.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _transcripts(source: Path) -> dict[str, str]:
    path = source / "transcripts.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as file:
        return {row["file"]: row["text"] for row in csv.DictReader(file)}


def _convert(source: Path, target: Path, height_px: int | None) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(source)]
    command += ["-vf", f"scale=-2:{height_px}"] if height_px else []
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([*command, str(target)], check=True)
