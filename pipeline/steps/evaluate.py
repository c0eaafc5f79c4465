"""Score a trained run on the valid and test split. Training never reads the test split.

example: python -m pipeline evaluate --pack p.h5 --run-dir my_run
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.atomic_write import atomic_path
from pipeline.core.records import write_csv
from pipeline.core.types import Split
from pipeline.packs.formats.files import read_split
from pipeline.packs.schema import PackSplit

if TYPE_CHECKING:
    from pipeline.training.metrics import Families
    from pipeline.training.predict import Predictions

_SPLITS: tuple[Split, ...] = ("valid", "test")


def run(*, pack: Path, run_dir: Path) -> None:
    """Predict the valid and test clips and write ``predictions.csv`` and ``metrics.json``.

    Args:
        pack: HDF5 file of the pack the run was trained on.
        run_dir: folder of the run.

    Raises:
        StoreError: the run was trained on another pack, or its files are damaged.
    """
    from pipeline.training.predict import predict_split, score
    from pipeline.training.run_folder import RunFolder

    folder = RunFolder(run_dir)
    folder.check_pack(pack)
    config, model = folder.spec, folder.load_model(threads=1)
    splits = {name: read_split(pack, name) for name in _SPLITS}
    use = config.settings.training.use
    predictions = {name: predict_split(model, split, use=use) for name, split in splits.items()}
    scores = {name: score(config.families, splits[name], predictions[name]) for name in _SPLITS}
    training = folder.training
    metrics = {
        **config.model_dump(include={"dataset", "pack", "model", "seed"}),
        **{name: training[name] for name in ("best_epoch", "epochs", "seconds_per_epoch", "peak_memory_mb")},
        "valid": scores["valid"].values,
        "test": scores["test"].values,
        "flags": {name: list(result.flags) for name, result in scores.items()},
    }
    rows = [
        {"id": clip_id, "split": name, **_label_and_prediction(split, predictions[name], index, config.families)}
        for name, split in splits.items()
        for index, clip_id in enumerate(split.ids)
    ]
    write_csv(folder.predictions_file, rows, ("id", "split", "label", "prediction"))
    with atomic_path(folder.metrics_file) as part:
        part.write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")


def _label_and_prediction(
    split: PackSplit, predicted: "Predictions", index: int, families: "Families"
) -> dict[str, str]:
    """Of one clip: emotions if its dataset is scored by them, else sentiments."""
    family = families if isinstance(families, str) else families[split.ids[index].partition("/")[0]]
    if family == "emotion":
        return {"label": split.annotations[index], "prediction": predicted.categories[index]}
    return {"label": f"{split.labels['M'][index]:.6g}", "prediction": f"{predicted.sentiment[index]:.6f}"}
