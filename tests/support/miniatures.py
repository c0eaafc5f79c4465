"""A few clips in every raw layout, special cases included, from clips of the demo.

Each ``make_<layout>(raw, clips)`` fills a raw folder and returns it. With ``media=False`` the tables alone are written.
"""

import csv
import itertools
import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import h5py
import imageio_ffmpeg
import numpy as np

CHINESE = ("我不想嫁给李茶", "有那么明显吗？", "够了", "你这是嫁入豪门啊！", "我在这消费这么多钱，不行了", "好的")


@dataclass(frozen=True)
class SourceClip:
    """A clip of the demo and what is known of it."""

    path: Path | None
    text: str
    label: float
    words: tuple[tuple[str, float, float], ...] = ()

    @property
    def duration_s(self) -> float:
        if self.path is None:
            return 3.0
        with av.open(str(self.path)) as container:
            return container.duration / av.time_base


def demo_clips(demo: Path) -> list[SourceClip]:
    """All clips of a demo dataset."""
    words = defaultdict(list)
    for row in _rows(demo / "words.csv"):
        words[row["video_id"], row["clip_id"]].append((row["word"], float(row["start_s"]), float(row["end_s"])))
    return [
        SourceClip(
            path=demo / "Raw" / row["video_id"] / f"{row['clip_id']}.mp4",
            text=row["text"],
            label=float(row["label"]),
            words=tuple(words[row["video_id"], row["clip_id"]]),
        )
        for row in _rows(demo / "label.csv")
    ]


def invented_clips(count: int = 8) -> list[SourceClip]:
    """Clips without media, for tests of tables alone."""
    return [SourceClip(None, f"Sentence number {i}.", (i % 5) - 2.0, (("Sentence", 0.5, 1.0),)) for i in range(count)]


def make_mosi(raw: Path, clips: Sequence[SourceClip], *, media: bool = True) -> Path:
    """The original layout: ids that begin with a dash, hold underscores, keep leading zeros."""
    ids = [("-a_B3", "1", "train"), ("-a_B3", "02", "train"), ("-a_B3", "10", "train")]
    ids += [("c4", "1", "valid"), ("_d5", "1", "test"), ("_d5", "2", "test")]
    rows, lines = [], defaultdict(list)
    for (video, part, split), clip in zip(ids, clips, strict=False):
        rows.append([video, part, clip.label, split])
        lines[video].append(f"{part}_DELIM_{clip.text.upper()}")
        if media:
            _copy(clip, raw / "Raw" / "Video" / "Segmented" / f"{video}_{part}.mp4")
    _write_csv(raw / "label.csv", ["video_id", "clip_id", "label", "mode"], rows)
    for video, texts in lines.items():
        _write(raw / "Raw" / "Transcript" / "Segmented" / f"{video}.annotprocessed", "\n".join(texts) + "\n")
    return raw


def make_mosei(raw: Path, clips: Sequence[SourceClip], *, media: bool = True) -> Path:
    """Long videos: segments that overlap, begin before 0, run past the end, lie beyond it, or lack their times."""
    first, second = clips[0].duration_s, clips[1].duration_s
    length = first + second + clips[2].duration_s
    segments = {
        "-NFrJFQijFE": [
            (-0.2, first, "train"), (first - 0.5, first + second, "train"), (first + second, length + 0.3, "train"),
            (length + 5, length + 8, "train"), (None, None, "train"),
        ],
        "208416": [(0.0, clips[3].duration_s, "valid")],
        "99331": [(0.0, clips[4].duration_s, "test")],
    }  # fmt: skip
    rows, remaining = [], iter(clips)
    for video, spans in segments.items():
        lines = []
        for part, (start, end, split) in enumerate(spans):
            is_usable = start is not None and start < length
            clip = next(remaining) if is_usable else clips[0]
            cells = ["", ""] if start is None else [start, end]
            rows.append([video, part, clip.label, "", split, *cells])
            times = "n/a___n/a" if start is None else f"{start}___{end}"
            lines.append(f"{video}___{part}___{times}___{clip.text}")
        _write(raw / "Raw" / "Transcript" / "Segmented" / "Combined" / f"{video}.txt", "\n".join(lines))
    _write_csv(raw / "label.csv", ["video_id", "clip_id", "label", "annotation", "mode", "start", "end"], rows)
    if media:
        folder = raw / "Raw" / "Videos" / "Full" / "Combined"
        _join(clips[:3], folder / "-NFrJFQijFE.mp4")
        _copy(clips[3], folder / "208416.mp4")
        _copy(clips[4], folder / "99331.mp4")
    return raw


def make_sims(raw: Path, clips: Sequence[SourceClip], *, media: bool = True, encoding: str = "gbk") -> Path:
    """Mandarin, in an old copy's encoding; the split cuts through a video; all clips but the last have word timings."""
    ids = [("video_0001", f"{i:04}") for i in range(1, 5)] + [("video_0002", "0001"), ("video_0002", "0010")]
    splits = ["train", "train", "valid", "train", "test", "test"]
    rows = []
    for (video, part), split, text, clip in zip(ids, splits, CHINESE, clips, strict=False):
        label = clip.label / 3
        rows.append([video, part, text, label, label, label, "", "Neutral", split])
        if media:
            _copy(clip, raw / "Raw" / video / f"{part}.mp4")
        if (video, part) != ids[-1]:
            _write(raw / "Words" / video / f"{part}.json", json.dumps(_characters(text, clip.duration_s)))
    columns = ["video_id", "clip_id", "text", "label", "label_T", "label_A", "label_V", "annotation", "mode"]
    _write_csv(raw / "meta.csv", columns, rows, encoding=encoding)
    return raw


def _characters(text: str, duration_s: float) -> list[dict]:
    """Every character, 0.1 s long, from a tenth of the clip on."""
    starts_s = duration_s / 10 + 0.1 * np.arange(len(text))
    return [
        {"word": char, "start": start_s, "end": start_s + 0.1} for char, start_s in zip(text, starts_s, strict=True)
    ]


MELD_COLUMNS = ["Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"]


def make_meld(raw: Path, clips: Sequence[SourceClip], *, media: bool = True) -> Path:
    """Ids that start again from 0 in every split, mis-decoded quotes, a clip that is missing, duplicates to ignore."""
    texts = ["I\x92m fine.", "You\x97no!", "He said \x93hi\x94."]
    tables = {
        "train/train": ("train_splits", [("joy", "positive"), ("neutral", "neutral"), ("fear", "negative")]),
        "dev": ("dev_splits_complete", [("anger", "negative"), ("joy", "positive")]),
        "test": ("output_repeated_splits_test", [("sadness", "negative"), ("surprise", "positive")]),
    }
    remaining = iter(clips)
    for table, (folder, labels) in tables.items():
        rows = []
        for turn, (emotion, polarity) in enumerate(labels):
            clip, is_missing = next(remaining), table == "train/train" and turn == 2
            rows.append(
                [turn, texts[turn] if table == "train/train" else clip.text, "Ross", emotion, polarity, 0, turn]
            )
            if media and not is_missing:
                _copy(clip, raw / folder / f"dia0_utt{turn}.mp4")
        _write_csv(raw / f"{table}_sent_emo.csv", MELD_COLUMNS, rows)
    _write(raw / "output_repeated_splits_test" / "final_videos_testdia0_utt0.mp4", "a duplicate that is ignored")
    _write(raw / "output_repeated_splits_test" / "._dia0_utt0.mp4", "what archives made on a Mac hold")
    return raw


def make_iemocap(raw: Path, clips: Sequence[SourceClip], *, media: bool = True) -> Path:
    """Split-screen dialogues: only one half shows the speaker, the other none; turns that overlap or are of no use."""
    dialogues = {
        (1, "Ses01F_impro01"): [("F000", "hap"), ("M000", "ang"), ("F001", "xxx")],
        (1, "Ses01M_script01_1"): [("F000", "sad"), ("M000", "neu")],
        (5, "Ses05F_impro02"): [("F000", "exc"), ("M000", "fru")],
    }
    remaining = iter(clips)
    for (session, dialogue), turns in dialogues.items():
        folder = raw / f"Session{session}" / "dialog"
        shown = [next(remaining) for _ in turns]
        starts = np.cumsum([0.0, *(clip.duration_s for clip in shown)])
        spoken, judged = [], ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
        for (part, emotion), clip, start, end in zip(turns, shown, starts[:-1], starts[1:], strict=True):
            begin, until = max(0.0, start - 0.2), end  # turns overlap a little, as people do
            spoken.append(f"{dialogue}_{part} [{begin:.4f}-{until:.4f}]: {clip.text}")
            judged.append(f"[{begin:.4f} - {until:.4f}]\t{dialogue}_{part}\t{emotion}\t[2.5000, 2.5000, 2.5000]")
            judged.append("C-E2:\tNeutral;\t()\n")
        spoken += [f"{dialogue}_MXX0 [0.1000-0.2000]: Hm.", "F: [LAUGHTER]"]
        _write(folder / "transcriptions" / f"{dialogue}.txt", "\n".join(spoken))
        _write(folder / "EmoEvaluation" / f"{dialogue}.txt", "\n".join(judged))
        if media:
            is_left = [part[0] == dialogue[5] for part, _ in turns]
            _join(shown, folder / "avi" / "DivX" / f"{dialogue}.avi", is_left=is_left)
    return raw


def make_csd(raw: Path, clips: Sequence[SourceClip], *, media: bool = True) -> Path:
    """Computational sequences: labels and timed words of three long videos."""
    videos = {"v_1": clips[:2], "v_2": clips[2:3], "v_3": clips[3:4]}
    raw.mkdir(parents=True, exist_ok=True)
    with h5py.File(raw / "labels.csd", "w") as labels, h5py.File(raw / "words.csd", "w") as words:
        for video, parts in videos.items():
            starts = np.cumsum([0.0, *(clip.duration_s for clip in parts)])
            spans = list(itertools.pairwise(starts))
            _sequence(labels, "Opinion Segment Labels", video, [[clip.label] for clip in parts], spans)
            timed = [("sp", 0.0, 0.1)]
            for clip, start in zip(parts, starts[:-1], strict=True):
                timed += [(word, start + begin, start + end) for word, begin, end in clip.words]
            _sequence(words, "words", video, [[word.encode()] for word, _, _ in timed], [row[1:] for row in timed])
            if media:
                _join(parts, raw / "Raw" / "Video" / "Full" / f"{video}.mp4")
    rows = [["v_1", "train"], ["v_2", "valid"], ["v_3", "test"]]
    _write_csv(raw / "splits.csv", ["video_id", "mode"], rows)
    return raw


MAKERS = {
    "mosi": make_mosi,
    "mosei": make_mosei,
    "sims": make_sims,
    "meld": make_meld,
    "iemocap": make_iemocap,
    "csd": make_csd,
}


def _sequence(file: h5py.File, name: str, video: str, features: list, intervals: list) -> None:
    group = file.require_group(f"{name}/data/{video}")
    group["features"] = np.array(features)
    group["intervals"] = np.array(intervals, np.float64)


def _join(clips: Sequence[SourceClip], output: Path, *, is_left: Sequence[bool] | None = None) -> None:
    """One video of several clips; with ``is_left``, each beside a grey half."""
    output.parent.mkdir(parents=True, exist_ok=True)
    inputs = [part for clip in clips for part in ("-i", str(clip.path))]
    pads = {True: "pad=512:256:0:0:gray", False: "pad=512:256:256:0:gray", None: "null"}
    sides = is_left or [None] * len(clips)
    graph = "".join(f"[{i}:v]{pads[side]}[v{i}];" for i, side in enumerate(sides))
    graph += "".join(f"[v{i}][{i}:a]" for i in range(len(clips))) + f"concat=n={len(clips)}:v=1:a=1[v][a]"
    codecs = (
        ["-c:v", "mpeg4", "-q:v", "2", "-c:a", "libmp3lame"] if output.suffix == ".avi" else ["-preset", "ultrafast"]
    )
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *inputs, "-filter_complex", graph]
    subprocess.run([*command, "-map", "[v]", "-map", "[a]", *codecs, str(output)], check=True)


def _copy(clip: SourceClip, output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(clip.path, output)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence], *, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([columns, *rows])
