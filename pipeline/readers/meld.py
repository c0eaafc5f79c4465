"""MELD: utterances of dialogues with an emotion each, in three tables and three folders of clips.

``train_sent_emo.csv``, ``dev_sent_emo.csv``, ``test_sent_emo.csv`` in the raw folder or in the folder of their clips;
``train_splits/dia<D>_utt<U>.mp4``, ``dev_splits_complete/``, ``output_repeated_splits_test/``, also below ``train/``,
``dev/``, ``test/``. Dialogue numbers restart in every split, so the split is part of the id: ``train_dia12$_$utt3``.
Other files of these folders (``final_videos_test...``) are duplicates and ignored. A few clips are not in the archives;
they are quarantined when features are extracted.

Source: Poria et al. 2019, https://aclanthology.org/P19-1050.
"""

from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import RawDataError
from pipeline.core.types import Split
from pipeline.index.manifest import Clip, RejectedRow
from pipeline.readers._base import LabelTable, ReaderOptions, contents_of
from pipeline.readers._clips import ClipList
from pipeline.readers._files import FileFinder
from pipeline.readers._tables import Row, TableFormat, read_table

VERSION = 1
PROVIDES = "clips"
#: Whose names of emotions the clips carry, for universal labels.
TAXONOMY = "meld"

EMOTIONS = ("neutral", "joy", "surprise", "anger", "sadness", "disgust", "fear")
_COLUMNS = ("Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID")
#: Windows' characters at the places where Unicode has control characters: the mark of a wrong decoding.
_CP1252 = {code: bytes([code]).decode("cp1252", "ignore") or None for code in range(0x80, 0xA0)}


class _Part(NamedTuple):
    split: Split
    name: str
    folder: str


_PARTS = (
    _Part("train", "train", "train_splits"),
    _Part("valid", "dev", "dev_splits_complete"),
    _Part("test", "test", "output_repeated_splits_test"),
)


class Options(ReaderOptions):
    """Options of the reader ``meld``."""

    repair_text: bool = True
    """Repair quotes and dashes that were decoded with the wrong code page; ``check`` counts such texts."""


def read(root: Path, options: Options) -> LabelTable:
    """Read the three tables and find each utterance's clip.

    Args:
        root: the dataset's raw folder.
        options: how texts are treated.

    Raises:
        RawDataError: a table or one of its columns is missing.
    """
    finder = FileFinder(root)
    table = LabelTable(ClipList(), [])
    repairs = 0
    for part in _PARTS:
        path = _table_of(root, part)
        table.sources.append(path)
        for row in read_table(root, path, TableFormat(_COLUMNS, encodings=("utf-8-sig", "cp1252"))):
            text = repaired(row.word("Utterance")) if options.repair_text else row.word("Utterance")
            repairs += text != row.word("Utterance")
            try:
                table.clips.append(_clip(row, part, text, finder))
            except ValueError as error:
                table.faults.append(RejectedRow(f"{part.name}_dia?$_$utt?", row.where, str(error)))
    if repairs:
        table.notes.append(f"texts whose mis-decoded characters were repaired: {repairs} (options.repair_text)")
    return table


def repaired(text: str) -> str:
    """Undo a decoding with the wrong code page: U+0092 and ``â€™`` become the apostrophe they were.

    The first kind are the bytes of Windows-1252 taken for Latin-1, as in the tables that MELD's authors publish; the
    second are the bytes of UTF-8 taken for Windows-1252.
    """
    text = text.translate(_CP1252)
    if "â€" not in text and "Ã" not in text:
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def _table_of(root: Path, part: _Part) -> Path:
    name = f"{part.name}_sent_emo.csv"
    folders = ("", part.folder, part.name, f"{part.name}/{part.folder}")
    for folder in folders:
        if (root / folder / name).is_file():
            return root / folder / name
    raise RawDataError(f"{root}: no table {name}, nor in {', '.join(folders[1:])}; {contents_of(root)}")


def _clip(row: Row, part: _Part, text: str, finder: FileFinder) -> Clip:
    """One utterance. Raises ValueError with the reason if a cell is not what it should be."""
    dialogue, turn = _number(row, "Dialogue_ID"), _number(row, "Utterance_ID")
    emotion = row.word("Emotion").lower()
    if emotion not in EMOTIONS:
        message = f"emotion {emotion[:40]!r}; expected one of {', '.join(EMOTIONS)}"
        raise ValueError(message)
    video_id, part_id = f"{part.name}_dia{dialogue}", f"utt{turn}"
    patterns = [f"{folder}/dia{dialogue}_utt{turn}" for folder in (part.folder, f"{part.name}/{part.folder}")]
    return Clip(
        video_id=video_id,
        part_id=part_id,
        split=part.split,
        text=text,
        media=next((file for stem in patterns if (file := finder.find(stem))), f"{patterns[0]}.*"),
        where=row.where,
        emotion=emotion,
        polarity=row.word("Sentiment").lower() or None,
        speaker=row.word("Speaker") or None,
        dialogue=video_id,
        turn=turn,
    )


def _number(row: Row, column: str) -> int:
    cell = row.word(column)
    if not (cell.isascii() and cell.isdigit()):
        message = f"{column} {cell[:40]!r}; expected a whole number"
        raise ValueError(message)
    return int(cell)
