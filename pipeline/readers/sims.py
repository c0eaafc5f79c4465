"""CH-SIMS and CH-SIMS v2: Mandarin clips with labels for each modality.

``Raw/video_0001/0001.mp4`` and ``meta.csv`` (or ``label.csv``) with the columns video_id, clip_id, text, label,
label_T, label_A, label_V, annotation, mode. The table is UTF-8 with or without a byte-order mark, in old copies GBK.

Source: Yu et al. 2020, https://aclanthology.org/2020.acl-main.343; v2: Liu et al. 2022,
https://arxiv.org/abs/2209.02604.
"""

from pathlib import Path

from pipeline.readers._base import LabelTable
from pipeline.readers._labelled import REQUIRED, LabelledOptions, TableLayout, read_labelled
from pipeline.readers._tables import TableFormat, choose_table

VERSION = 1
PROVIDES = "clips"

#: GB 18030 includes GBK and GB 2312; it comes last because it would decode some UTF-8 wrongly.
_ENCODINGS = ("utf-8-sig", "gb18030")


class Options(LabelledOptions):
    """Options of the reader ``sims``."""

    table: str | None = None
    """The label table; null: looks for meta.csv, label.csv, sims_label.csv."""
    media: list[str] = ["Raw/{video_id}/{clip_id}"]
    """Where a clip's file may be, without its extension."""


def read(root: Path, options: Options) -> LabelTable:
    """Read the label table, whatever its encoding, and find each row's file.

    Args:
        root: the dataset's raw folder.
        options: names of table, columns and files.

    Raises:
        RawDataError: the table or one of its columns is missing.
    """
    table = choose_table(root, [options.table] if options.table else ["meta.csv", "label.csv", "sims_label.csv"])
    style = TableFormat(REQUIRED, options.columns, _ENCODINGS)
    return read_labelled(TableLayout(root, table, style, options.media, options.words))
