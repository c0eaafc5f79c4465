"""Everything that shapes a training run: ``config.yaml`` of its folder."""

from pathlib import Path

from pydantic import Field

from models._base import FeatureSpec, SentimentModel
from pipeline.config.base import Settings
from pipeline.config.loading import validated
from pipeline.config.training import ModelSettings, base_model, model_version
from pipeline.config.weights import resolve_text_encoder
from pipeline.core import plugins
from pipeline.core.errors import ConfigError
from pipeline.core.fingerprints import digest, file_sha256
from pipeline.core.types import FamilyName, Modality
from pipeline.packs.schema import PackCard, PackSplit
from pipeline.training.metrics import Families


class RunSpec(Settings):
    """Model, data and settings of a run."""

    model: str
    """Name of a file in ``models/``, with ``@variant`` if one was requested."""
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
    settings: ModelSettings
    """Settings of the model, defaults written out, and of the training."""
    text_encoder: str
    """Folder, package or hub id of the pretrained text encoder; looked up by models that run it."""
    dims: dict[Modality, int]
    """Columns per modality."""
    num_train: int = Field(ge=1)
    """Clips of the train split."""
    label_range: tuple[float, float]
    """Lowest and highest sentiment label."""
    metrics: FamilyName
    """Family of metrics."""
    members: dict[str, FamilyName] = Field(default_factory=dict)
    """Family of each dataset in a union; empty for a single dataset."""
    classes: tuple[str, ...] = ()
    """Emotion names of the train split, sorted."""

    @property
    def families(self) -> Families:
        """Family of metrics, or that of each dataset in a union."""
        return self.members or self.metrics

    @property
    def stored_text(self) -> bool:
        """Whether the model reads the pack's text vectors and runs no encoder."""
        return _reads_stored_text(self.settings)

    @property
    def identity(self) -> str:
        """Fingerprint of the run."""
        return digest(self.model_dump(mode="json"))

    def build_model(self) -> SentimentModel:
        """Build the model; its weights depend on torch's random state.

        Raises:
            ConfigError: an unknown model or settings it does not have.
            MissingDependencyError: the text encoder is not installed.
        """
        module = plugins.load("models", base_model(self.model))
        config = validated(module.Config, self.settings.model, f"settings of model {self.model}")
        features = FeatureSpec(
            text_dim=self.dims["text"],
            audio_dim=self.dims["audio"],
            vision_dim=self.dims["vision"],
            num_train=self.num_train,
            label_range=self.label_range,
            text_encoder=Path(self.text_encoder) if self.stored_text else resolve_text_encoder(self.text_encoder),
            classes=self.classes,
        )
        built: SentimentModel = module.model(config, features)
        return built


def make_run_spec(
    *, model: str, seed: int, settings: ModelSettings, pack: Path, card: PackCard, train: PackSplit
) -> RunSpec:
    """Resolve everything that shapes a run.

    Raises:
        ConfigError: an unknown model, settings it does not have, no text encoder named anywhere, or a model is to
            read text vectors that the pack does not have.
    """
    config = validated(plugins.load("models", base_model(model)).Config, settings.model, f"settings of model {model}")
    encoder = settings.training.text_encoder or card.text_weights
    if encoder is None:
        raise ConfigError(f"{pack.name} names no text encoder; set training.text_encoder for {model}")
    resolved = settings.model_copy(update={"model": config.model_dump(mode="json")})
    if _reads_stored_text(resolved):
        _check_text_vectors(train, pack)
    return RunSpec(
        model=model,
        version=model_version(model),
        dataset=card.dataset,
        pack=card.pack,
        pack_sha256=file_sha256(pack),
        seed=seed,
        settings=resolved,
        text_encoder=encoder,
        dims=card.dims,
        num_train=len(train),
        label_range=card.label_range,
        metrics=card.metrics,
        members=card.members,
        classes=tuple(sorted(set(train.annotations))) if "emotion" in (card.metrics, *card.members.values()) else (),
    )


def _reads_stored_text(settings: ModelSettings) -> bool:
    return bool(settings.model.get("stored_text"))


def _check_text_vectors(train: PackSplit, pack: Path) -> None:
    rows, tokens = train.text.shape[1], train.text_bert.shape[2]
    if not train.text.any():
        raise ConfigError(f"{pack.name} has no text vectors, which stored_text reads; set stored_text: false")
    if rows not in (1, tokens):
        raise ConfigError(
            f"{pack.name} has {rows} text vectors and {tokens} token ids per clip; stored_text reads one vector per "
            "token, or a single one per clip; set stored_text: false"
        )
