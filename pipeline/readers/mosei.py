"""CMU-MOSEI: long videos, cut by the times of a table; or its segmented clips, or MMSA's layout.

``Raw/Videos/Full/Combined/<video>.mp4`` and ``Raw/Transcript/Segmented/Combined/<video>.txt`` with lines
``<video>___<clip>___<start>___<end>___<text>``, and a label table with the columns video_id, clip_id, label, mode and,
unless the transcripts say so, start and end in seconds of the video. Times may overlap. A row without times is no
error, since the published tables have some: it is rejected with its reason.

Source: Zadeh et al. 2018, https://aclanthology.org/P18-1208.
"""

from pathlib import Path

from pipeline.readers._base import LabelTable
from pipeline.readers._labelled import LabelledOptions, TableLayout, read_labelled
from pipeline.readers._tables import TableFormat, choose_table
from pipeline.readers._transcripts import TranscriptFolder, TranscriptLine

VERSION = 1
PROVIDES = "clips"

_NAMES = ["label.csv", "mosei_label.csv", "mosei_label_notext.csv"]


class Options(LabelledOptions):
    """Options of the reader ``mosei``."""

    table: str | None = None
    """The label table; null: looks for label.csv, mosei_label.csv, mosei_label_notext.csv."""
    media: list[str] = [
        "Raw/Videos/Full/Combined/{video_id}",
        "Raw/Videos/Segmented/Combined/{video_id}_{clip_id}",
        "Raw/{video_id}/{clip_id}",
    ]
    """Where a clip's file may be, without its extension; one without ``{clip_id}`` is the whole video."""
    transcripts: str = "Raw/Transcript/Segmented/Combined"
    """Folder of ``<video>.txt``, used where the table lacks text or times."""


def read(root: Path, options: Options) -> LabelTable:
    """Read the label table and find each row's video, segment and text.

    Args:
        root: the dataset's raw folder.
        options: names of table, columns and files.

    Raises:
        RawDataError: the table or one of its columns is missing.
    """
    table = choose_table(root, [options.table] if options.table else _NAMES)
    style = TableFormat(("video_id", "clip_id", "label", "mode"), options.columns)
    transcripts = TranscriptFolder(root / options.transcripts, ".txt", _line)
    return read_labelled(TableLayout(root, table, style, options.media, options.words, transcripts))


def _line(line: str) -> TranscriptLine | None:
    cells = line.split("___", 4)
    if len(cells) < 5:
        return None
    _, clip_id, start, end, text = (cell.strip() for cell in cells)
    try:
        return TranscriptLine(clip_id, text, float(start), float(end))
    except ValueError:
        return TranscriptLine(clip_id, text)
