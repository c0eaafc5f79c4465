"""One label table and a file per clip: MMSA's raw layout, in any container.

``label.csv`` with the columns video_id, clip_id, text, label, label_T, label_A, label_V, annotation, mode, and
``Raw/<video_id>/<clip_id>.<any media extension>``. Ids are text: leading zeros and dashes survive.
"""

from pathlib import Path

from pipeline.readers._base import LabelTable, inside
from pipeline.readers._labelled import REQUIRED, LabelledOptions, TableLayout, read_labelled
from pipeline.readers._tables import TableFormat

VERSION = 2
PROVIDES = "clips"


class Options(LabelledOptions):
    """Options of the reader ``table``."""

    table: str = "label.csv"
    """The label table, relative to the dataset's raw folder."""
    media: str = "Raw/{video_id}/{clip_id}"
    """The clip's file without its extension; ``{video_id}`` and ``{clip_id}`` are filled in. Without ``{clip_id}`` it
    is the whole recording, and the columns start_s and end_s give the clip's place in it."""
    encoding: str = "utf-8-sig"
    """Encoding of the table; a byte-order mark is accepted."""
    delimiter: str = ","
    """The separator of columns."""


def read(root: Path, options: Options) -> LabelTable:
    """Read the table and find each row's file.

    Args:
        root: the dataset's raw folder.
        options: names of table, columns and files.

    Raises:
        RawDataError: the table or one of its columns is missing.
    """
    style = TableFormat(REQUIRED, options.columns, (options.encoding,), options.delimiter)
    table = inside(root, options.table, options.media, options.words)
    return read_labelled(TableLayout(root, table, style, (options.media,), options.words))
