"""Speed and agreement of the face landmarker's two engines on real clips; prints Markdown.

Both get the same decoded frames, alternating; each clip gets a fresh landmarker, as in the extractor. The fastest of
several rounds counts. Distances of landmarks are in units of the distance between the outer eye corners.

example: python bench/face_engines.py DATA/grid DATA/faces_odd --rounds 2 --json face_engines.json
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _report import cpu_s_of, keep, show

from pipeline.config import weights
from pipeline.extractors._face import engines
from pipeline.extractors._face.mediapipe_task import Faces, LandmarkerOptions
from pipeline.media.span import MediaSpan
from pipeline.media.suffixes import MEDIA_SUFFIXES
from pipeline.media.video import Frame, Video

EYES = (33, 263)
LANDMARKS_MAX, BLENDSHAPES_MAX, PRESENCE_MIN = 0.01, 0.01, 0.995


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="folders of clips")
    parser.add_argument("--rounds", type=int, default=2, help="times that each clip is run by each engine")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    paths = [path for folder in arguments.folders for path in sorted(folder.iterdir())]
    task = weights.resolve_face_landmarker(None)
    options = LandmarkerOptions(task, 1, 0.5, 0.5, 0.5)
    both = [engines.engine(name, task) for name in ("mediapipe", "openvino")]
    rows = []
    for path in (path for path in paths if path.suffix.lower() in MEDIA_SUFFIXES):
        rows.append(compare(path, both, options, arguments.rounds))
        show(rows[-1:], with_head=len(rows) == 1)
    rows.append(summary(rows))
    show(rows[-1:], with_head=False)
    keep(arguments.json, {"rows": rows, "within_tolerance": within_tolerance(rows)})
    print(f"\nwithin the tolerance on every clip: {within_tolerance(rows)}")


def compare(
    path: Path, engines: Sequence[Callable[..., Any]], options: LandmarkerOptions, rounds: int
) -> dict[str, Any]:
    """One row: CPU per frame of both engines, and their differences."""
    frames = list(Video(MediaSpan(path)).frames(25.0, 480))
    seconds: list[list[float]] = [[], []]
    results: list[list[Faces]] = [[], []]
    for _ in range(rounds):
        for index, engine in enumerate(engines):
            spent_s, results[index] = cpu_s_of(lambda engine=engine: followed(engine, options, frames))
            seconds[index].append(spent_s)
    task_ms, openvino_ms = (1000 * min(spent) / len(frames) for spent in seconds)
    ours = {"clip": path.name, "frames": len(frames), "task ms": task_ms, "openvino ms": openvino_ms}
    return {**ours, "speed": task_ms / openvino_ms, **differences(*results, frames[0].rgb.shape[1::-1])}


def followed(engine: Callable[..., Any], options: LandmarkerOptions, frames: Sequence[Frame]) -> list[Faces]:
    """Faces of a clip's frames."""
    with engine(options, is_video=True) as landmarker:
        for frame in frames:
            landmarker.follow(frame.rgb, round(1000 * frame.time_s))
        return landmarker.followed()


def differences(task: Sequence[Faces], openvino: Sequence[Faces], size_px: Sequence[int]) -> dict[str, Any]:
    """Of landmarks, blendshapes and presence."""
    both = [(one, other) for one, other in zip(task, openvino, strict=True) if len(one) and len(other)]
    apart = [distances(one.landmarks[0], other.landmarks[0], np.array(size_px)) for one, other in both]
    scores = [np.abs(one.blendshapes[0] - other.blendshapes[0]) for one, other in both]
    equal = [len(one) == len(other) for one, other in zip(task, openvino, strict=True)]
    return {
        "with face": len(both),
        "landmarks mean": float(np.mean(apart)) if apart else 0.0,
        "landmarks max": float(np.max(apart)) if apart else 0.0,
        "blendshapes mean": float(np.mean(scores)) if scores else 0.0,
        "blendshapes max": float(np.max(scores)) if scores else 0.0,
        "presence equal": f"{sum(equal)}/{len(equal)}",
    }


def distances(one: np.ndarray, other: np.ndarray, size_px: np.ndarray) -> np.ndarray:
    """Of each landmark, in units of the distance between the eyes."""
    first, second = one[:, :2] * size_px, other[:, :2] * size_px
    return np.linalg.norm(first - second, axis=1) / np.linalg.norm(first[EYES[0]] - first[EYES[1]])


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One row over all frames, with the largest differences."""
    frames = [row["frames"] for row in rows]
    task_ms, openvino_ms = (
        float(np.average([row[key] for row in rows], weights=frames)) for key in rows[0] if "ms" in key
    )
    equal = sum(int(row["presence equal"].split("/")[0]) for row in rows)
    worst = {key: max(row[key] for row in rows) for key in rows[0] if key.endswith((" mean", " max"))}
    counts = {"clip": "all", "frames": sum(frames), "task ms": task_ms, "openvino ms": openvino_ms}
    faces = {"speed": task_ms / openvino_ms, "with face": sum(row["with face"] for row in rows)}
    return {**counts, **faces, **worst, "presence equal": f"{equal}/{sum(frames)}"}


def within_tolerance(rows: Sequence[dict[str, Any]]) -> bool:
    """Whether every clip is within the tolerance."""
    return all(
        row["landmarks mean"] <= LANDMARKS_MAX
        and row["blendshapes mean"] <= BLENDSHAPES_MAX
        and int(row["presence equal"].split("/")[0]) >= PRESENCE_MIN * row["frames"]
        for row in rows
    )


if __name__ == "__main__":
    main()
