"""Accuracy of word timings, and detection of wrong transcripts; prints Markdown.

The demo's reference times come from the speech synthesis; GRID's come from an HMM alignment, accurate to 20-50 ms. The
constants of the check were chosen on every other clip ("chosen"); the others are "held out".

example: python bench/word_timings.py --grid DATA/grid --demo raw/demo
"""

import argparse
import csv
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.extractors._base import ClipInput
from pipeline.extractors.words_sphinx import Config, SphinxExtractor
from pipeline.features.features import Features
from pipeline.media.audio import Sound, load_sound
from pipeline.media.span import MediaSpan
from pipeline.words.proportional import spread_over_sound
from pipeline.words.voiced import HOP_S, is_loud

TOLERANCES_MS = (20, 50, 100, 200)
NOISES_DB = (None, 20, 10, 5)
CHANGES = ("none", "3 in a row dropped", "3 anywhere dropped", "3 in a row added", "3 anywhere added")


@dataclass(frozen=True)
class Known:
    """A clip with its word timings."""

    name: str
    sound: Sound
    words: list[str]
    times: np.ndarray


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", type=Path, help="folder of GRID clips with words.csv")
    parser.add_argument("--demo", type=Path, default=Path("raw/demo"), help="raw folder of the demo")
    arguments = parser.parse_args()
    sets = {"grid": read_grid(arguments.grid)} if arguments.grid else {}
    sets["demo"] = read_demo(arguments.demo)
    print_accuracy(sets)
    print_noticed(sets)


def read_grid(folder: Path) -> list[Known]:
    rows = _rows(folder / "words.csv", ("file",))
    return [_known(name, folder / name, words) for (name,), words in rows.items()]


def read_demo(folder: Path) -> list[Known]:
    rows = _rows(folder / "words.csv", ("video_id", "clip_id"))
    return [_known(f"{video}/{clip}", folder / "Raw" / video / f"{clip}.mp4", w) for (video, clip), w in rows.items()]


def _rows(path: Path, keys: Sequence[str]) -> dict[tuple[str, ...], list[dict[str, str]]]:
    clips = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            clips[tuple(row[key] for key in keys)].append(row)
    return clips


def _known(name: str, path: Path, rows: list[dict[str, str]]) -> Known:
    times = np.array([[float(row["start_s"]), float(row["end_s"])] for row in rows])
    return Known(name, load_sound(MediaSpan(path)), [row["word"] for row in rows], times)


def print_accuracy(sets: dict[str, list[Known]]) -> None:
    """Errors of starts and ends per method, set and noise, as delivered: with the fallback where it is used."""
    within = " | ".join(f"<= {tolerance} ms" for tolerance in TOLERANCES_MS)
    print(f"| method | set | noise | edge | fell back | bias | median | mean | p90 | p95 | max | {within} |")
    print("|---" * 15 + "|")
    for name, clips in sets.items():
        for noise_db in NOISES_DB:
            aligner = SphinxExtractor(Config())
            noisy = [with_noise(clip, noise_db) for clip in clips]
            started = time.perf_counter()
            aligned = [extract(aligner, clip, clip.words) for clip in noisy]
            spent_s = time.perf_counter() - started
            fallen = sum(features.notes["method"] == "proportional" for features in aligned)
            label = f"{name} | {'-' if noise_db is None else f'{noise_db} dB'}"
            _print_errors(f"sphinx | {label}", fallen, clips, [features.times for features in aligned])
            if noise_db is None:
                spread = [spread_over_sound(clip.words, clip.sound) for clip in clips]
                _print_errors(f"proportional | {label}", len(clips), clips, spread)
                print_silent_starts(name, clips, [features.times for features in aligned])
                print(f"<!-- {name}: {spent_s / sum(c.sound.duration_s for c in clips):.3f} s per second of sound -->")


def print_silent_starts(name: str, clips: list[Known], aligned: list[np.ndarray]) -> None:
    """Errors of starts, without those where 100 ms of background follow: such a start is inaudible."""
    heard = [_has_sound(clip, start_s) for clip in clips for start_s in clip.times[:, 0]]
    errors_s = np.concatenate([times[:, 0] - clip.times[:, 0] for clip, times in zip(clips, aligned, strict=True)])
    label = f"sphinx | {name}, {len(heard) - sum(heard)} unheard starts left out | - | start | "
    print(f"| {label} | {_summary(errors_s[np.array(heard)])} |")


def _has_sound(clip: Known, start_s: float) -> bool:
    first = round(start_s / HOP_S)
    return bool(is_loud(clip.sound, above_floor=0.4)[first : first + 10].any())


def _print_errors(label: str, fallen: int, clips: list[Known], times_of_clips: list[np.ndarray]) -> None:
    for edge, column in (("start", 0), ("end", 1)):
        errors = [times[:, column] - clip.times[:, column] for clip, times in zip(clips, times_of_clips, strict=True)]
        print(f"| {label} | {edge} | {fallen}/{len(clips)} | {_summary(np.concatenate(errors))} |")


def _summary(errors_s: np.ndarray) -> str:
    size_ms = np.abs(errors_s) * 1000
    p90, p95 = np.percentile(size_ms, (90, 95))
    figures = [errors_s.mean() * 1000, np.median(size_ms), size_ms.mean(), p90, p95, size_ms.max()]
    shares = [f"{np.mean(size_ms <= tolerance + 0.01):.1%}" for tolerance in TOLERANCES_MS]
    return " | ".join([*(f"{figure:.0f}" for figure in figures), *shares])


def print_noticed(sets: dict[str, list[Known]]) -> None:
    """Share of clips reported as disagreeing with their transcript, by kind of change."""
    print("\n| set | clips | transcript | noticed |\n|---|---|---|---|")
    aligner = SphinxExtractor(Config())
    for name, clips in sets.items():
        foreign = sorted({word for other in sets.values() for clip in other for word in clip.words})
        for half, offset in (("chosen", 0), ("held out", 1)):
            for change in CHANGES:
                part = list(enumerate(clips))[offset::2]
                noticed = sum(
                    not extract(aligner, clip, changed(clip.words, change, foreign, seed)).notes["agrees"]
                    for seed, clip in part
                )
                print(f"| {name} | {half} | {change} | {noticed}/{len(part)} = {noticed / len(part):.0%} |")


def extract(aligner: SphinxExtractor, clip: Known, words: Sequence[str]) -> Features:
    """Run the extractor like a job."""
    return aligner.extract(ClipInput(clip.name, text=" ".join(words), sound=clip.sound))


def with_noise(clip: Known, snr_db: float | None) -> Known:
    """Add white noise at a ratio to the clip's mean power."""
    if snr_db is None:
        return clip
    samples = clip.sound.samples.astype(np.float64)
    noise_rms = np.sqrt((samples**2).mean()) * 10 ** (-snr_db / 20)
    noisy = samples + np.random.default_rng(0).normal(0, noise_rms, len(samples))
    return Known(clip.name, Sound(noisy.clip(-32768, 32767).astype(np.int16)), clip.words, clip.times)


def changed(words: list[str], change: str, foreign: Sequence[str], seed: int) -> list[str]:
    """Drop or add three words, in a row or anywhere."""
    rng = np.random.default_rng([seed, CHANGES.index(change)])
    if change == "none":
        return words
    if change.endswith("dropped"):
        first = rng.integers(0, len(words) - 2)
        gone = range(first, first + 3) if "row" in change else rng.choice(len(words), 3, replace=False)
        return [word for index, word in enumerate(words) if index not in set(gone)]
    places = [rng.integers(0, len(words) + 1)] * 3 if "row" in change else rng.integers(0, len(words) + 1, 3)
    return list(_inserted(words, sorted(places), [str(word) for word in rng.choice(foreign, 3)]))


def _inserted(words: Sequence[str], places: Sequence[int], extra: Sequence[str]) -> Iterator[str]:
    rest = list(zip(places, extra, strict=True))
    for index, word in enumerate([*words, None]):
        yield from (new for place, new in rest if place == index)
        if word is not None:
            yield word


if __name__ == "__main__":
    main()
