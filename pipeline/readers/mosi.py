"""CMU-MOSI, as its authors ship it or in MMSA's layout.

Original: ``Raw/Video/Segmented/<video>_<clip>.mp4`` and ``Raw/Transcript/Segmented/<video>.annotprocessed`` with lines
``<clip>_DELIM_<TEXT>``. MMSA: ``Raw/<video>/<clip>.mp4``. Either way a label table with the columns video_id, clip_id,
label and mode (the standard split); its column text comes before the transcripts.

Source: Zadeh et al. 2016, https://arxiv.org/abs/1606.06259.
"""

from pathlib import Path

from pipeline.readers._base import LabelTable
from pipeline.readers._labelled import LabelledOptions, TableLayout, read_labelled
from pipeline.readers._tables import TableFormat, choose_table
from pipeline.readers._transcripts import TranscriptFolder, TranscriptLine

VERSION = 1
PROVIDES = "clips"


class Options(LabelledOptions):
    """Options of the reader ``mosi``."""

    table: str | None = None
    """The label table; null: looks for label.csv, then mosi_label.csv."""
    media: list[str] = ["Raw/{video_id}/{clip_id}", "Raw/Video/Segmented/{video_id}_{clip_id}"]
    """Where a clip's file may be, without its extension."""
    transcripts: str = "Raw/Transcript/Segmented"
    """Folder of ``<video>.annotprocessed``, used where the table has no text."""


def read(root: Path, options: Options) -> LabelTable:
    """Read the label table and find each row's file and text.

    Args:
        root: the dataset's raw folder.
        options: names of table, columns and files.

    Raises:
        RawDataError: the table or one of its columns is missing.
    """
    table = choose_table(root, [options.table] if options.table else ["label.csv", "mosi_label.csv"])
    transcripts = TranscriptFolder(root / options.transcripts, ".annotprocessed", _line)
    has_transcripts = transcripts.folder.is_dir()
    required = ("video_id", "clip_id", "label", "mode", *([] if has_transcripts else ["text"]))
    style = TableFormat(required, options.columns)
    texts = transcripts if has_transcripts else None
    return read_labelled(TableLayout(root, table, style, options.media, options.words, texts))


def _line(line: str) -> TranscriptLine | None:
    clip_id, delimiter, text = line.partition("_DELIM_")
    return TranscriptLine(clip_id.strip(), text.strip()) if delimiter else None
