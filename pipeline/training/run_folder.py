"""What a trained run is: its settings, the shape of its data, its files."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from models._base import FeatureSpec, SentimentModel
from pipeline.config.base import Settings
from pipeline.config.loading import read_yaml, validated
from pipeline.config.training import RunSettings, base_model
from pipeline.config.weights import resolve_text_encoder
from pipeline.core import plugins
from pipeline.core.atomic_write import write_if_changed
from pipeline.core.errors import ConfigError
from pipeline.core.fingerprints import digest, file_sha256
from pipeline.core.types import Modality
from pipeline.packs.schema import Card, PackSplit
from pipeline.training.metrics import Families, Family

WEIGHTS, RUN_FILE, TRAIN_FILE = "best.safetensors", "config.yaml", "train.json"
#: Copy of the pack's card, so that a run folder can be moved: it tells how a new clip is made ready for the model.
CARD = "card.json"


class Run(Settings):
    """``config.yaml`` of a run folder: everything that shapes the run."""

    model: str
    """Name of a file in ``models/``, with ``@variant`` where one was asked for."""
    version: int
    """``VERSION`` of that file."""
    dataset: str
    """The dataset that the pack was made of."""
    pack: str
    """Name of the pack."""
    pack_sha256: str
    """Hash of the pack's HDF5 file."""
    seed: int
    """Seed of initial weights, order and dropout."""
    settings: RunSettings
    """Settings of the model, defaults written out, and of the training."""
    text_encoder: str
    """Folder, package or hub id of the pretrained text encoder; looked up by models that run it."""
    dims: dict[Modality, int]
    """Columns per modality."""
    num_train: int = Field(ge=1)
    """Clips of the train split."""
    label_range: tuple[float, float]
    """Lowest and highest sentiment label."""
    metrics: Family
    """Which family of metrics describes the run."""
    members: dict[str, Family] = Field(default_factory=dict)
    """Families of the datasets in a union; empty for a dataset of its own."""
    classes: tuple[str, ...] = ()
    """Emotion names of the train split, sorted."""

    @property
    def families(self) -> Families:
        """Which metrics describe the run; of each dataset in a union."""
        return self.members or self.metrics

    @property
    def stored_text(self) -> bool:
        """Whether the model reads the pack's text vectors and runs no encoder."""
        return _reads_stored_text(self.settings)

    @property
    def identity(self) -> str:
        """Fingerprint of the run."""
        return digest(self.model_dump(mode="json"))

    @property
    def spec(self) -> FeatureSpec:
        """The data as the model must know it.

        Raises:
            MissingDependencyError: the text encoder is nowhere to be found.
        """
        return FeatureSpec(
            text_dim=self.dims["text"],
            audio_dim=self.dims["audio"],
            vision_dim=self.dims["vision"],
            num_train=self.num_train,
            label_range=self.label_range,
            text_encoder=Path(self.text_encoder) if self.stored_text else resolve_text_encoder(self.text_encoder),
            classes=self.classes,
        )


def plan_run(*, model: str, seed: int, settings: RunSettings, pack: Path, card: Card, train: PackSplit) -> Run:
    """Settle everything that shapes a run.

    Raises:
        ConfigError: an unknown model, settings it does not have, no text encoder named anywhere, or a model is to
            read text vectors that the pack does not have.
    """
    config = validated(plugins.load("models", base_model(model)).Config, settings.model, f"settings of model {model}")
    encoder = settings.training.text_encoder or card.text_weights
    if encoder is None:
        raise ConfigError(f"{pack.name} names no text encoder; set training.text_encoder for {model}")
    settled = settings.model_copy(update={"model": config.model_dump(mode="json")})
    if _reads_stored_text(settled):
        _check_text_vectors(train, pack)
    return Run(
        model=model,
        version=plugins.literals("models", base_model(model))["VERSION"],
        dataset=card.dataset,
        pack=card.pack,
        pack_sha256=file_sha256(pack),
        seed=seed,
        settings=settled,
        text_encoder=encoder,
        dims=card.dims,
        num_train=len(train),
        label_range=card.label_range,
        metrics=card.metrics,
        members=card.members,
        classes=tuple(sorted(set(train.annotations))) if "emotion" in (card.metrics, *card.members.values()) else (),
    )


def _reads_stored_text(settings: RunSettings) -> bool:
    return bool(settings.model.get("stored_text"))


def _check_text_vectors(train: PackSplit, pack: Path) -> None:
    rows, tokens = train.text.shape[1], train.text_bert.shape[2]
    if not train.text.any():
        raise ConfigError(f"{pack.name} holds no text vectors, which stored_text reads; set stored_text: false")
    if rows not in (1, tokens):
        raise ConfigError(
            f"{pack.name} holds {rows} text vectors a clip and {tokens} token ids; stored_text reads one vector per "
            "token, or a single one per clip; set stored_text: false"
        )


def build_model(run: Run) -> SentimentModel:
    """Build the model of a run; its weights depend on torch's random state.

    Raises:
        ConfigError: an unknown model or settings it does not have.
        MissingDependencyError: the text encoder is nowhere to be found.
    """
    module = plugins.load("models", base_model(run.model))
    config = validated(module.Config, run.settings.model, f"settings of model {run.model}")
    built: SentimentModel = module.model(config, run.spec)
    return built


def write_run(folder: Path, run: Run) -> None:
    """Write ``config.yaml``."""
    text = yaml.safe_dump(run.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_if_changed(folder / RUN_FILE, text.encode())


def read_run(folder: Path) -> Run:
    """Read ``config.yaml``.

    Raises:
        ConfigError: the file is absent or holds something else.
    """
    content: dict[str, Any] = read_yaml(folder / RUN_FILE)
    return validated(Run, content, str(folder / RUN_FILE))
