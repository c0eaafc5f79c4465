"""The folder of a training run. Nothing else knows its files or takes names from its path."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipeline.config.loading import read_yaml, validated
from pipeline.core.atomic_write import write_if_changed
from pipeline.core.errors import StoreError
from pipeline.core.fingerprints import file_sha256
from pipeline.core.paths import DatasetPaths
from pipeline.core.records import read_csv, read_json
from pipeline.packs.formats.files import read_card
from pipeline.packs.schema import PackCard

if TYPE_CHECKING:  # the report reads runs without torch
    import pandas as pd

    from models._base import SentimentModel
    from pipeline.training.run_spec import RunSpec


class RunFolder:
    """``<processed>/<dataset>/runs/<pack>/<model>/<seed>``.

    A finished run contains everything that predicting with it needs, so its folder can be moved. `dataset`, `pack`,
    `model` and `seed` are names of folders; those of a moved run are in its `spec`.

    Attributes:
        path: the folder.
        config_file: `spec` as YAML.
        weights: of the best epoch.
        card_file: copy of the pack's card, by which a new clip is prepared for the model.
        training_file: best epoch, its valid metrics, cost.
        history_file: one row per epoch.
        resume: folder of the state of an unfinished run.
        metrics_file: valid and test metrics, cost.
        predictions_file: one row per valid and test clip.
        robustness_file: test metrics under corruptions.
    """

    def __init__(self, path: Path) -> None:
        """Name a folder, which need not exist yet."""
        self.path = path
        self.config_file, self.card_file = path / "config.yaml", path / "card.json"
        self.weights, self.resume = path / "best.safetensors", path / "resume"
        self.training_file, self.history_file = path / "train.json", path / "history.csv"
        self.metrics_file, self.predictions_file = path / "metrics.json", path / "predictions.csv"
        self.robustness_file = path / "robustness.csv"

    @classmethod
    def evaluated(cls, runs: Path) -> list["RunFolder"]:
        """Every run below ``<processed>/<dataset>/runs`` that has metrics, by path."""
        paths = sorted(runs.glob("*/*/*/metrics.json"))
        return [cls(path.parent) for path in paths if path.parent.name.isdigit()]

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.path.parents[3].name

    @property
    def pack(self) -> str:
        """Name of the pack."""
        return self.path.parents[1].name

    @property
    def model(self) -> str:
        """Name of the model, with ``@variant``."""
        return self.path.parent.name

    @property
    def seed(self) -> int:
        """The seed."""
        return int(self.path.name)

    @property
    def keys(self) -> dict[str, str | int]:
        """The columns that identify the run in a table."""
        return {"dataset": self.dataset, "pack": self.pack, "model": self.model, "seed": self.seed}

    @cached_property
    def spec(self) -> "RunSpec":
        """What the run is.

        Raises:
            ConfigError: ``config.yaml`` is absent or damaged.
        """
        from pipeline.training.run_spec import RunSpec

        return validated(RunSpec, read_yaml(self.config_file), str(self.config_file))

    def write_spec(self, spec: "RunSpec") -> None:
        """Write ``config.yaml``."""
        text = yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_if_changed(self.config_file, text.encode())

    def card(self) -> PackCard:
        """The card of the run's pack: the copy in the folder, else the pack's own if the pack has not changed.

        Raises:
            StoreError: there is none, or the pack was rebuilt.
        """
        if self.card_file.is_file():
            return read_card(self.card_file)
        pack = DatasetPaths(self.path.resolve().parents[3]).pack(self.spec.pack, "h5")
        if not pack.is_file():
            raise StoreError(f"{self.path}: no {self.card_file.name}, and no {pack}; train the run again")
        self.check_pack(pack)
        return read_card(pack.with_suffix(".json"))

    def check_pack(self, pack: Path) -> None:
        """Refuse a pack that the run was not trained on.

        Raises:
            StoreError: its hash differs.
        """
        if file_sha256(pack) != self.spec.pack_sha256:
            raise StoreError(f"{self.path} was trained on another version of {pack.name}; train it again")

    def load_model(self, *, threads: int, device: str | None = None) -> "SentimentModel":
        """The trained model, on the device of its settings.

        Args:
            threads: CPU threads.
            device: as in the training's settings, in place of theirs.

        Raises:
            StoreError: the weights are absent, damaged, or of another build of the model.
        """
        from pipeline.training.checkpoint import load_weights
        from pipeline.training.device import make_fabric

        training = self.spec.settings.training
        fabric = make_fabric(training.model_copy(update={"device": device or training.device}), threads=threads)
        model = self.spec.build_model().to(fabric.device)
        load_weights(model, self.weights)
        return model

    @cached_property
    def training(self) -> dict[str, Any]:
        """Content of ``train.json``."""
        return read_json(self.training_file)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Content of ``metrics.json``.

        Raises:
            StoreError: the file is absent or damaged.
        """
        metrics = read_json(self.metrics_file)
        if "test" not in metrics:
            raise StoreError(f"{self.metrics_file}: no key 'test'; delete it and run again")
        return metrics

    @cached_property
    def history(self) -> "pd.DataFrame":
        """Losses, valid metrics, learning rate and seconds by epoch; empty if absent."""
        return read_csv(self.history_file)

    @cached_property
    def predictions(self) -> "pd.DataFrame":
        """Columns id, split, label, prediction; empty if absent."""
        return read_csv(self.predictions_file)

    @cached_property
    def robustness(self) -> "pd.DataFrame":
        """Metrics by corruption and level; empty if absent."""
        return read_csv(self.robustness_file)
