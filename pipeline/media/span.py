"""The part of a media file that is a clip."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import MediaError
from pipeline.core.types import Seconds


@dataclass(frozen=True)
class MediaSpan:
    """A media file, or a segment of a longer one.

    Times are from the start of the container, the earliest sample of any of its streams. Video and audio have the same
    time 0, so they stay in sync.

    Attributes:
        path: the file.
        start_s: start of the segment; None for the file's start.
        end_s: end of the segment (exclusive); None for the file's end.
        crop: x, y, width, height of the part of the picture to use, as fractions of the upright picture.

    Raises:
        MediaError: the interval or the crop is empty, negative or outside the picture.
    """

    path: Path
    start_s: Seconds | None = None
    end_s: Seconds | None = None
    crop: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        start_s, end_s = self.start_s or 0.0, self.end_s
        if start_s < 0 or (end_s is not None and not end_s > start_s):
            raise MediaError(
                f"{self.path.name}: segment {start_s} s to {end_s} s is empty or negative; expected 0 <= start < end"
            )
        if self.crop is not None and not _inside_unit_square(self.crop):
            raise MediaError(
                f"{self.path.name}: crop {self.crop} leaves the picture; expected x, y, width, height within 0 to 1"
            )


def _inside_unit_square(crop: tuple[float, float, float, float]) -> bool:
    x, y, width, height = crop
    return x >= 0 and y >= 0 and width > 0 and height > 0 and x + width <= 1 and y + height <= 1
