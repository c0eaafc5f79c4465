"""Wrong or damaged weight files. A maker writes a file or folder and returns its path."""

import pickle
from pathlib import Path

from tools.corpus.kinds import Kind
from tools.corpus.packs import Calls


def _wrong_content(folder: Path) -> Path:
    path = folder / "face_landmarker.task"
    path.write_bytes(b"some other model")
    return path


def _nothing(folder: Path) -> Path:
    return folder / "absent"


def _bare(folder: Path) -> Path:
    (folder / "config.json").write_text("{}")
    return folder


LANDMARKER = [
    Kind("landmarker with another hash", "error", "has sha256 .*, expected 64184e", _wrong_content),
    Kind("missing landmarker", "error", "face_landmarker.task is not at", _nothing),
]
ENCODERS = [
    Kind("unknown encoder", "error", "is no folder, no known package", _nothing),
    Kind("encoder folder without weights", "error", "lacks config.json or weights", _bare),
]


def _state(path: Path) -> None:
    path.write_bytes(pickle.dumps(Calls(__import__("os").system, "touch ran")))


TRAINED = [
    Kind("truncated weights", "error", "weights do not load", lambda path: path.write_bytes(path.read_bytes()[:-9])),
    Kind("weights of another architecture", "error", "weights do not load", None),
    Kind("a pickle as weights", "error", "weights do not load", _state),
    Kind("missing weights", "error", "weights do not load", lambda path: path.unlink()),
]
STATES = [
    Kind("run state that runs code", "accepted", "ignored: training restarts", _state),
]
