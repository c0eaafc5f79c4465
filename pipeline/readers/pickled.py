"""Ready-made feature pickles in MMSA's layout, imported as packs: training without any video."""

from pathlib import Path

from pydantic import Field

from pipeline.core.errors import RawDataError
from pipeline.readers._base import Packs, ReaderOptions, contents_of, inside

VERSION = 1
PROVIDES = "packs"


class Options(ReaderOptions):
    """Options of the reader ``pickled``."""

    packs: dict[str, str] = Field(min_length=1)
    """Pickles by the pack's name, relative to the dataset's raw folder: ``{unaligned_50: unaligned_50.pkl}``."""
    text_weights: str = "bert-base-uncased"
    """The text encoder whose vocabulary the token ids belong to, or one that shares it."""
    normalise: bool = True
    """Scale audio and vision by the statistics of the train split; published pickles are not scaled."""


def read(root: Path, options: Options) -> Packs:
    """Find the pickles.

    Raises:
        RawDataError: one is absent.
    """
    files = {name: inside(root, file) for name, file in options.packs.items()}
    for path in files.values():
        if not path.is_file():
            raise RawDataError(f"{path}: no such feature pickle; {contents_of(path.parent)}")
    return Packs(files)
