"""IEMOCAP: acted dialogues of two, cut from long videos by turn.

``Session<k>/dialog/avi/DivX/<dialogue>.avi`` (both speakers side by side in one picture),
``Session<k>/dialog/transcriptions/<dialogue>.txt`` with lines ``<turn> [start-end]: text`` and
``Session<k>/dialog/EmoEvaluation/<dialogue>.txt`` with lines ``[start - end]<tab><turn><tab><emotion><tab>[v, a, d]``;
also below ``IEMOCAP_full_release/``. A turn ``Ses01F_impro01_M003`` is the clip ``Ses01F_impro01$_$M003``, spoken by
the man. Turns of classes other than the six in common use are rejected with their reason, as are turns without an
evaluation. There is no official validation split: whole dialogues are drawn for it by the hash of their names.

Source: Busso et al. 2008, https://doi.org/10.1007/s10579-008-9076-6.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline.core.errors import RawDataError
from pipeline.core.types import Seconds, Split
from pipeline.index.manifest import Clip, RejectedRow
from pipeline.readers._base import LabelTable, ReaderOptions, contents_of
from pipeline.readers._clips import ClipList
from pipeline.readers._files import FileFinder
from pipeline.readers._tables import decoded

VERSION = 1
PROVIDES = "clips"
#: Whose names of emotions the clips carry, for universal labels.
TAXONOMY = "iemocap"

_CROPS = {"left": (0.0, 0.0, 0.5, 1.0), "right": (0.5, 0.0, 0.5, 1.0)}
_TURN = r"(Ses\d\d[FM]_\w+?)_([FM]\w*\d+)"
_TRANSCRIPT = re.compile(rf"^{_TURN} \[[\d.]+-[\d.]+\]: ?(.*)$", re.M)
_EVALUATION = re.compile(rf"^\[([\d.]+) - ([\d.]+)\]\t{_TURN}\t(\w+)\t\[", re.M)
_ENCODINGS = ("utf-8-sig", "cp1252", "latin-1")


class Options(ReaderOptions):
    """Options of the reader ``iemocap``."""

    crop: Literal["none", "left", "right", "by_speaker"] = "by_speaker"
    """Which part of the picture is used: all, one half, or the speaker's half."""
    marked_side: Literal["left", "right"] = "left"
    """For ``by_speaker``: the half of the speaker that the recording is named after (F in ``Ses01F``), who wears the
    markers. Check it on a few dialogues of your copy."""
    emotions: dict[str, str] = Field(
        default={
            "hap": "happy",
            "sad": "sad",
            "neu": "neutral",
            "ang": "angry",
            "exc": "excited",
            "fru": "frustrated",
        },
        min_length=1,
    )
    """Classes that are used, and their names in Triptych."""
    test_sessions: list[int] = [5]
    """Sessions whose dialogues are the test split."""
    valid_fraction: float = Field(default=0.1, gt=0, lt=1)
    """Part of the other dialogues that is the validation split."""


def read(root: Path, options: Options) -> LabelTable:
    """Read transcripts and evaluations of all sessions.

    Args:
        root: the dataset's raw folder.
        options: crop, classes and split.

    Raises:
        RawDataError: there is no session, or one lacks its transcripts or evaluations.
    """
    sessions = _sessions(root)
    dialogues = {path.stem: path for session in sessions for path in _files(session / "dialog" / "transcriptions")}
    splits = _splits(sorted(dialogues), options)
    table, finder = LabelTable(ClipList(), []), FileFinder(root)
    for dialogue, transcript in sorted(dialogues.items()):
        evaluation = transcript.parents[1] / "EmoEvaluation" / transcript.name
        table.sources.extend([transcript, evaluation])
        texts = {f"{video}_{part}": text for video, part, text in _TRANSCRIPT.findall(decoded(transcript, _ENCODINGS))}
        for turn in _turns(evaluation, root):
            text = texts.pop(turn.name, None)
            if reason := _unusable(turn, text, options):
                table.unusable.append(RejectedRow(turn.clip_id, turn.where, reason))
            else:
                table.clips.append(turn.clip(text or "", splits[dialogue], finder, options))
        where = str(transcript.relative_to(root))
        table.unusable.extend(
            RejectedRow("$_$".join(turn.rsplit("_", 1)), where, "not in EmoEvaluation: no label") for turn in texts
        )
    return table


class _Turn:
    """One line of EmoEvaluation."""

    def __init__(self, match: re.Match[str], where: str, media: str) -> None:
        start, end, self.dialogue, self.part, self.emotion = match.groups()
        self.start_s: Seconds = float(start)
        self.end_s: Seconds = float(end)
        self.where, self.media = where, media

    @property
    def name(self) -> str:
        return f"{self.dialogue}_{self.part}"

    @property
    def clip_id(self) -> str:
        return f"{self.dialogue}$_${self.part}"

    def clip(self, text: str, split: Split, finder: FileFinder, options: Options) -> Clip:
        return Clip(
            video_id=self.dialogue,
            part_id=self.part,
            split=split,
            text=text.strip(),
            media=finder.find(self.media) or f"{self.media}.*",
            where=self.where,
            start_s=self.start_s,
            end_s=self.end_s,
            crop=self._crop(options),
            emotion=options.emotions[self.emotion],
            speaker=f"{self.dialogue[:5]}{self.part[0]}",
            dialogue=self.dialogue,
            turn=int(self.where.rpartition(" ")[2]),
        )

    def _crop(self, options: Options) -> tuple[float, float, float, float] | None:
        if options.crop == "none":
            return None
        if options.crop != "by_speaker":
            return _CROPS[options.crop]
        is_marked = self.part[0] == self.dialogue[5]
        return _CROPS[options.marked_side if is_marked else "right" if options.marked_side == "left" else "left"]


def _sessions(root: Path) -> list[Path]:
    for base in (root, root / "IEMOCAP_full_release"):
        sessions = sorted(path for path in base.glob("Session[0-9]*") if path.is_dir())
        if sessions:
            return sessions
    raise RawDataError(f"{root}: no folders Session1 to Session5; {contents_of(root)}")


def _files(folder: Path) -> list[Path]:
    """Text files, without the hidden ones that macOS adds to archives."""
    files = [path for path in sorted(folder.glob("Ses*.txt")) if path.is_file()]
    if not files:
        parent = next(path for path in (folder, *folder.parents) if path.is_dir())
        raise RawDataError(f"{folder}: no dialogues Ses*.txt; {parent.name}: {contents_of(parent)}")
    return files


def _turns(path: Path, root: Path) -> Iterator[_Turn]:
    if not path.is_file():
        raise RawDataError(f"{path}: no evaluations of this dialogue; {contents_of(path.parent)}")
    where = path.relative_to(root)
    media = (where.parents[1] / "avi" / "DivX" / path.stem).as_posix()
    matches = list(_EVALUATION.finditer(decoded(path, _ENCODINGS)))
    if not matches:
        example = f"[6.2901 - 8.2357]<tab>{path.stem}_F000<tab>neu<tab>[2.5, 2.5, 2.5]"
        raise RawDataError(f"{path}: no evaluations; expected lines such as {example}")
    for number, match in enumerate(matches, 1):
        yield _Turn(match, f"{where} turn {number}", media)


def _splits(dialogues: list[str], options: Options) -> dict[str, Split]:
    """The split of each dialogue; its hash draws the validation split, so that it is the same everywhere."""
    splits: dict[str, Split] = {
        name: "test" if int(name[3:5]) in options.test_sessions else "train" for name in dialogues
    }
    drawn = sorted((sha256(name.encode()).digest(), name) for name in dialogues if splits[name] == "train")
    for _, name in drawn[: max(1, round(options.valid_fraction * len(drawn)))]:
        splits[name] = "valid"
    return splits


def _unusable(turn: _Turn, text: str | None, options: Options) -> str | None:
    if turn.emotion not in options.emotions:
        return f"emotion {turn.emotion}; used are {', '.join(options.emotions)}"
    if text is None:
        return "not in the transcriptions: no text"
    return None
