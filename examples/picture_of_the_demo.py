"""Draw what Triptych made of one demo clip, and how well the test clips were predicted.

Run after ``make demo``: ``.venv/bin/python examples/picture_of_the_demo.py docs/images/demo.png``
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

from pipeline.manifest import read_jsonl
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video
from pipeline.store import StoreReader

mpl.use("Agg")
from matplotlib import pyplot as plt

PROCESSED = Path("processed/demo")
SHOWN = ("mouthSmileLeft", "jawOpen", "browInnerUp", "browDownLeft", "eyeBlinkLeft", "yaw_rad")


def read_clip(extractor: str, clip_id: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Values, start times in seconds and column names of a clip."""
    for path in sorted((PROCESSED / "features" / extractor).glob("*.h5")):
        with StoreReader(path) as reader:
            if clip_id in reader.ids():
                features = reader.read(clip_id)
                return features.values, features.times[:, 0], list(reader.header.feature_names)
    raise SystemExit(f"{clip_id}: not in the store of {extractor}; run: make demo")


def scaled(column: np.ndarray) -> np.ndarray:
    """The column between 0 and 1."""
    return (column - column.min()) / max(float(np.ptp(column)), 1e-9)


def draw(target: Path) -> None:
    """Draw the picture."""
    labels = {row["clip_id"]: row for row in read_jsonl(PROCESSED / "index" / "labels.jsonl")}
    clip_id = max(
        (id_ for id_, row in labels.items() if row["split"] == "test"), key=lambda id_: labels[id_]["sentiment"]
    )
    rows = [row for kind in sorted((PROCESSED / "index" / "media").glob("*.jsonl")) for row in read_jsonl(kind)]
    texts = [row for kind in sorted((PROCESSED / "index" / "text").glob("*.jsonl")) for row in read_jsonl(kind)]
    media = next(row["media"] for row in rows if row["clip_id"] == clip_id)
    text = next(row["text"] for row in texts if row["clip_id"] == clip_id)

    figure = plt.figure(figsize=(12, 5.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(2.1, 1))
    grid = left.add_gridspec(3, 6, height_ratios=(1.5, 1, 1))
    left.suptitle(f"“{text}”   label {labels[clip_id]['sentiment']:+.1f}", fontsize=11)
    frames = list(Video(MediaSpan(Path("raw/demo") / media)).frames(25.0))
    for column, index in enumerate(np.linspace(5, len(frames) - 6, 6).astype(int)):
        axes = left.add_subplot(grid[0, column])
        axes.imshow(frames[index].rgb)
        axes.set_title(f"{frames[index].time_s:.1f} s", fontsize=8)
        axes.axis("off")

    draw_vision(left.add_subplot(grid[1, :]), clip_id)
    draw_audio(left.add_subplot(grid[2, :]), clip_id)
    draw_predictions(right.subplots())
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=110)


def draw_vision(axes: plt.Axes, clip_id: str) -> None:
    """Some facial features over time."""
    values, times, names = read_clip("face", clip_id)
    image = np.stack([scaled(values[:, names.index(name)]) for name in SHOWN])
    axes.imshow(image, aspect="auto", cmap="magma", extent=(0, times[-1], len(SHOWN), 0))
    axes.set_yticks(np.arange(len(SHOWN)) + 0.5, SHOWN, fontsize=7)
    axes.set_ylabel("vision", fontsize=9)


def draw_audio(axes: plt.Axes, clip_id: str) -> None:
    """Loudness and pitch over time."""
    values, times, names = read_clip("egemaps", clip_id)
    for name in (names[0], next(name for name in names if name.startswith("F0"))):
        axes.plot(times, scaled(values[:, names.index(name)]), linewidth=1, label=name.split("_sma")[0])
    axes.set_xlim(0, times[-1])
    axes.set_yticks([])
    axes.set_xlabel("seconds")
    axes.set_ylabel("audio", fontsize=9)
    axes.legend(fontsize=7, loc="upper right")


def draw_predictions(axes: plt.Axes) -> None:
    """Predicted against true labels of the test clips, one mark per model, mean over seeds."""
    paths = sorted((PROCESSED / "runs").glob("*/*/*/predictions.csv"))
    runs = [pd.read_csv(path).assign(model=path.parent.parent.name) for path in paths]
    table = pd.concat(runs).query("split == 'test'").groupby(["model", "id"])[["label", "prediction"]].mean()
    axes.plot((-3, 3), (-3, 3), color="grey", linewidth=0.8)
    for model, group in table.groupby("model"):
        corr = group["label"].corr(group["prediction"])
        axes.scatter(group["label"], group["prediction"], s=22, label=f"{model}  Corr {corr:.2f}")
    axes.set_xlabel("true sentiment, test clips")
    axes.set_ylabel("predicted, mean over seeds")
    axes.set_aspect("equal")
    axes.legend(fontsize=8, loc="upper left")


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images/demo.png"))
