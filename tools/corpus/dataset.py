"""One dataset with every media fault and every odd transcript, between sound clips. All bad clips are for training."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

from pipeline.demo.clips import make_clip
from pipeline.demo.dataset import LABEL_COLUMNS
from pipeline.demo.script import write_scripts
from tools.corpus.kinds import Kind
from tools.corpus.media import MEDIA
from tools.corpus.texts import TEXTS

GOOD = {"good_1": "train", "good_2": "train", "good_3": "valid", "good_4": "valid", "good_5": "test", "good_6": "test"}
KINDS = {f"media_{number:02}": kind for number, kind in enumerate(MEDIA)}
KINDS |= {f"text_{number:02}": kind for number, kind in enumerate(TEXTS)}
_TEXT = "It was good."


def clip_of(name: str) -> str:
    """The id of a kind's clip."""
    return f"{name}$_$1"


def make_faulty_dataset(raw: Path) -> None:
    """Make its raw folder: a table and a file per clip, in the layout of the reader ``table``."""
    raw.mkdir(parents=True)
    good = raw / "good.mp4"
    make_clip(replace(write_scripts(6, 1)[0], text=_TEXT), good)
    rows = []
    for name in [*GOOD, *KINDS]:
        kind = KINDS.get(name)
        _make_media(kind if name.startswith("media") else None, good, raw / "Raw" / name / "1.mp4")
        text = kind.make() if kind and name.startswith("text") else _TEXT
        rows.append([name, "1", text, len(rows) % 5 - 2, "", "", "", "", GOOD.get(name, "train")])
    good.unlink()
    with (raw / "label.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([LABEL_COLUMNS, *rows])


def _make_media(kind: Kind | None, good: Path, bad: Path) -> None:
    bad.parent.mkdir(parents=True)
    if kind:
        kind.make(good, bad)
    else:
        shutil.copyfile(good, bad)
