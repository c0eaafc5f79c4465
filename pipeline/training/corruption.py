"""Training on corrupted clips: the train split of each epoch."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from pipeline.config.training import TrainingCorruption
from pipeline.core.errors import ConfigError
from pipeline.corruptions.levels import CORRUPTIONS, CorruptionName, random_of
from pipeline.corruptions.splits import CorruptionContext, corrupt
from pipeline.packs.schema import PackSplit
from pipeline.training.seeding import derived_seed

#: The train split of an epoch, counted from 0.
TrainOfEpoch = Callable[[int], PackSplit]

_CORRUPTED, _STRENGTH = 0, 1


def make_train_of_epoch(
    train: PackSplit, settings: TrainingCorruption, *, seed: int, context: CorruptionContext
) -> TrainOfEpoch:
    """Corrupt the train split differently in every epoch.

    The result depends on the clip's id, the seed and the epoch only, so a resumed run equals an uninterrupted one.

    Args:
        train: the clean clips; not changed.
        settings: largest strengths.
        seed: of the run.
        context: tokenizer, language, spread.

    Raises:
        ConfigError: one of the corruptions is not in ``context.names``.
    """
    limits = {name: getattr(settings, name) for name in CORRUPTIONS if getattr(settings, name) > 0}
    if impossible := [name for name in limits if name not in context.names]:
        raise ConfigError(
            f"training.corruption.{impossible[0]} changes sentences, but the pack's text vectors, which stored_text "
            "reads, are not those of its text encoder; set it to 0, or stored_text: false"
        )

    def train_of(epoch: int) -> PackSplit:
        split = train
        for name, limit in limits.items():
            strengths = _strengths(train, name, limit, seed=derived_seed(seed, epoch, _STRENGTH))
            seed_of_epoch = derived_seed(seed, epoch, _CORRUPTED)
            split = corrupt(split, name, strengths.tolist(), seed=seed_of_epoch, context=context)
        return split

    return train_of


def _strengths(train: PackSplit, name: CorruptionName, limit: float, *, seed: int) -> Float64[np.ndarray, "clips"]:
    """One per clip; the probability of an empty sentence is the same for all."""
    if name == "missing_text":
        return np.full(len(train), limit)
    return np.array([limit * random_of(clip_id, name=name, seed=seed).random() for clip_id in train.ids])
