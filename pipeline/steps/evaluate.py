"""Score a trained run. The only step that reads the test split.

example: python -m pipeline evaluate --pack p.h5 --run-dir my_run
"""

import argparse
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError
from pipeline.core.fingerprints import file_sha256
from pipeline.core.types import Split
from pipeline.packs.formats.files import read_split
from pipeline.packs.schema import PackSplit

if TYPE_CHECKING:
    from pipeline.training.metrics import Families
    from pipeline.training.predict import Predictions

_SPLITS: tuple[Split, ...] = ("valid", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--pack", type=Path, required=True, help="HDF5 file of the pack the run was trained on")
    parser.add_argument("--run-dir", type=Path, required=True, help="folder of the run")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")


def run(*, pack: Path, run_dir: Path, threads: int = 1) -> None:
    """Predict the valid and test clips and write ``predictions.csv`` and ``metrics.json``.

    Args:
        pack: the pack's HDF5 file.
        run_dir: the run's folder.
        threads: CPU threads.

    Raises:
        StoreError: the run was trained on another pack, or its files are damaged.
    """
    from pipeline.training import checkpoint, device, run_folder
    from pipeline.training.batches import Clips
    from pipeline.training.predict import predict, score

    plan = run_folder.read_run(run_dir)
    if file_sha256(pack) != plan.pack_sha256:
        raise StoreError(f"{run_dir} was trained on another version of {pack.name}; train it anew")
    options = plan.settings.training
    fabric = device.make_fabric(options, threads=threads)
    model = run_folder.build_model(plan).to(fabric.device)
    checkpoint.load_weights(model, run_dir / run_folder.WEIGHTS)
    splits = {name: read_split(pack, name) for name in _SPLITS}
    predictions = {
        name: predict(model, Clips(split, use=options.use, device=fabric.device)) for name, split in splits.items()
    }
    scores = {name: score(plan.families, splits[name], predictions[name]) for name in _SPLITS}
    facts = json.loads((run_dir / run_folder.TRAIN_FILE).read_text(encoding="utf-8"))
    metrics = {
        **plan.model_dump(include={"dataset", "pack", "model", "seed"}),
        **{name: facts[name] for name in ("best_epoch", "epochs", "seconds_per_epoch", "peak_memory_mb")},
        "valid": scores["valid"].values,
        "test": scores["test"].values,
        "flags": {name: list(result.flags) for name, result in scores.items()},
    }
    _write_predictions(run_dir / "predictions.csv", splits, predictions, plan.families)
    with atomic_path(run_dir / "metrics.json") as part:
        part.write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")


def _write_predictions(
    path: Path, splits: dict[Split, PackSplit], predictions: "dict[Split, Predictions]", families: "Families"
) -> None:
    with atomic_path(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "split", "label", "prediction"])
        for name, split in splits.items():
            for index, clip_id in enumerate(split.ids):
                writer.writerow([clip_id, name, *_pair(split, predictions[name], index, families)])


def _pair(split: PackSplit, predicted: "Predictions", index: int, families: "Families") -> tuple[str, str]:
    """Truth and prediction of a clip: an emotion where its dataset asks for one, else sentiment."""
    family = families if isinstance(families, str) else families[split.ids[index].partition("/")[0]]
    if family == "emotion":
        return split.annotations[index], predicted.categories[index]
    return f"{split.labels['M'][index]:.6g}", f"{predicted.sentiment[index]:.6f}"
