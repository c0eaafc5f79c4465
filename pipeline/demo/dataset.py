"""The demo dataset on disk, in MMSA's raw layout, with its true word timings."""

import csv
import json
import shutil
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from pipeline.core.errors import RawDataError
from pipeline.demo.clips import make_clip
from pipeline.demo.script import ClipScript, write_scripts
from pipeline.demo.voice import SpokenWord

#: Raised whenever the same arguments give other clips.
VERSION = 1

LABEL_COLUMNS = (
    "video_id", "clip_id", "text", "label", "label_T", "label_A", "label_V", "annotation", "mode",
)  # fmt: skip
WORD_COLUMNS = ("video_id", "clip_id", "index", "word", "start_s", "end_s")
_MARKER = "demo.json"


def make_demo(output: Path, *, num_clips: int = 64, seed: int = 1, workers: int = 1) -> None:
    """Make a small dataset of a talking head whose text, voice and face follow a known sentiment.

    Same arguments, same bytes, for any number of workers. The folder is created atomically; an older demo in its
    place is replaced.

    Args:
        output: folder to make, such as ``raw/demo``.
        num_clips: 6 or more; four to a video, videos split about 60/15/25 % into train, valid, test.
        seed: of everything random.
        workers: processes; more than one needs an importable ``__main__``.

    Raises:
        ConfigError: too few clips.
        RawDataError: the folder contains something other than a demo.
        MissingDependencyError: espeak-ng is absent.
    """
    scripts = write_scripts(num_clips, seed)
    if output.is_dir() and any(output.iterdir()) and not (output / _MARKER).is_file():
        raise RawDataError(f"{output} contains other data than a demo; name another folder or move it away")
    staging = output.with_name(f".{output.name}.part")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    words = _make_clips(scripts, staging, workers)
    _write_csv(staging / "label.csv", LABEL_COLUMNS, map(_label_row, scripts))
    _write_csv(staging / "words.csv", WORD_COLUMNS, _word_rows(scripts, words))
    (staging / _MARKER).write_text(json.dumps(_describe(num_clips, seed)) + "\n", encoding="utf-8")
    if output.is_dir():
        shutil.rmtree(output)
    staging.replace(output)


def is_demo(output: Path, *, num_clips: int, seed: int) -> bool:
    """Whether the folder already contains this demo."""
    try:
        return json.loads((output / _MARKER).read_text(encoding="utf-8")) == _describe(num_clips, seed)
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return False


def _describe(num_clips: int, seed: int) -> dict[str, int]:
    return {"version": VERSION, "clips": num_clips, "seed": seed}


def _make_clips(scripts: list[ClipScript], root: Path, workers: int) -> list[list[SpokenWord]]:
    paths = [root / "Raw" / script.speaker.video_id / f"{script.clip_id}.mp4" for script in scripts]
    for folder in {path.parent for path in paths}:
        folder.mkdir(parents=True, exist_ok=True)
    if workers == 1:
        return list(map(make_clip, scripts, paths))
    # Spawned, not forked: threads of the caller's libraries do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(make_clip, scripts, paths))


def _label_row(script: ClipScript) -> list[str]:
    labels = (script.label, script.label_text, script.label_audio, script.label_vision)
    annotation = "Negative" if script.label < 0 else "Positive" if script.label > 0 else "Neutral"
    return [
        script.speaker.video_id,
        script.clip_id,
        script.text,
        *(f"{label:.1f}" for label in labels),
        annotation,
        script.speaker.split,
    ]


def _word_rows(scripts: list[ClipScript], words: list[list[SpokenWord]]) -> Iterable[list[str]]:
    for script, spoken in zip(scripts, words, strict=True):
        for index, word in enumerate(spoken):
            times = (f"{word.start_s:.3f}", f"{word.end_s:.3f}")
            yield [script.speaker.video_id, script.clip_id, str(index), word.word, *times]


def _write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
