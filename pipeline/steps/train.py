"""Train one model on one pack with one seed, without reading the test split.

The run's folder contains everything that predicting needs, so it can be moved.
example: python -m pipeline train --pack p.h5 --settings amccl.json --model amccl --seed 1 --output my_run
"""

import json
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pipeline.config.training import ModelSettings, TrainingCorruption
from pipeline.core.atomic_write import write_if_changed
from pipeline.core.errors import ConfigError
from pipeline.packs.formats.files import read_card, read_split, write_card
from pipeline.packs.schema import PackCard, PackSplit

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from pipeline.training.corruption import TrainOfEpoch
    from pipeline.training.run_folder import RunFolder
    from pipeline.training.run_spec import RunSpec

logger = logging.getLogger(__name__)


def run(*, pack: Path, settings: Path, model: str, seed: int, output: Path, threads: int = 1) -> None:
    """Train and write ``best.safetensors``, ``config.yaml``, ``history.csv``, ``train.json`` and the pack's card.

    An interrupted run leaves ``resume/`` in its folder, from which the next call continues.

    Args:
        pack: HDF5 file of the pack, next to its card.
        settings: JSON with the resolved settings of model and training (``ModelSettings``).
        model: name of a file in ``models/``.
        seed: random seed of weights, order and dropout.
        output: folder of the run.
        threads: CPU threads.

    Raises:
        PipelineError: settings or pack cannot be used, or the training diverged.
    """
    from pipeline.training import device, label_shuffle, ranks
    from pipeline.training.run_folder import RunFolder
    from pipeline.training.run_spec import make_run_spec

    resolved, card = _read_settings(settings), read_card(pack.with_suffix(".json"))
    options = resolved.training
    train, valid = read_split(pack, "train"), read_split(pack, "valid")
    if options.shuffle_labels:
        train = label_shuffle.with_shuffled_labels(train, seed=seed)
    config = make_run_spec(model=model, seed=seed, settings=resolved, pack=pack, card=card, train=train)
    fabric = device.make_fabric(options, threads=threads, devices=options.devices)
    folder = RunFolder(output)
    ranks.launch(fabric, _train, config, card, (train, valid), folder, max(1, threads // options.devices))
    shutil.rmtree(folder.resume, ignore_errors=True)


def _train(
    fabric: "Fabric",
    config: "RunSpec",
    card: PackCard,
    splits: tuple[PackSplit, PackSplit],
    folder: "RunFolder",
    threads: int,
) -> None:
    """Train, in every process of a run; rank 0 writes the files."""
    from pipeline.training import checkpoint, device, seeding
    from pipeline.training.trainer import History, Trainer

    device.set_up_cpu(threads)
    seeding.seed_all(config.seed)
    model, options = config.build_model(), config.settings.training
    trainer = Trainer(model, options, seed=config.seed, folder=folder, identity=config.identity, fabric=fabric)
    train, valid = splits
    corrupted = _corrupted(config, card, train)
    history: History = trainer.fit(train, valid, families=config.families, corrupted=corrupted)
    if not fabric.is_global_zero:
        return
    folder.write_spec(config)
    write_card(folder.card_file, card)
    facts = {
        "best_epoch": history.best_epoch,
        "epochs": history.epochs,
        "seconds_per_epoch": history.seconds_per_epoch,
        "peak_memory_mb": device.peak_memory_mb(),
        "device": str(fabric.device),
        "valid": history.best_valid,
    }
    write_if_changed(folder.training_file, (json.dumps(facts, indent=1) + "\n").encode())
    checkpoint.save_weights(trainer.model, folder.weights)


def _corrupted(config: "RunSpec", card: PackCard, train: PackSplit) -> "TrainOfEpoch | None":
    """The corrupted train clips by epoch; None if nothing is corrupted."""
    from pipeline.corruptions.splits import make_context
    from pipeline.training.corruption import make_train_of_epoch

    settings = config.settings.training.corruption
    if settings == TrainingCorruption():
        return None
    encoder = card.text_weights or config.text_encoder
    context = make_context(train, text_encoder=encoder, language=card.language, stored_text=config.stored_text)
    return make_train_of_epoch(train, settings, seed=config.seed, context=context)


def _read_settings(path: Path) -> ModelSettings:
    try:
        return ModelSettings.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path}: no readable run settings ({reason}); run snakemake, which writes them") from error
