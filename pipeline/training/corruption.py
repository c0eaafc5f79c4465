"""The train split as an epoch sees it when training is corrupted."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from pipeline.config.training import TrainingCorruption
from pipeline.core.errors import ConfigError
from pipeline.corruptions.levels import NAMES, Name, random_of
from pipeline.corruptions.splits import Tools, corrupt
from pipeline.packs.schema import PackSplit
from pipeline.training.seeding import derived_seed

#: The train split of an epoch, counted from 0.
TrainOfEpoch = Callable[[int], PackSplit]

_CORRUPTED, _STRENGTH = 0, 1


def corrupting(train: PackSplit, settings: TrainingCorruption, *, seed: int, tools: Tools) -> TrainOfEpoch:
    """Corrupt the train split anew in every epoch.

    What happens to a clip depends on its id, the seed and the epoch alone, so a resumed run repeats an unbroken one.

    Args:
        train: the clips as they are; never changed.
        settings: largest strengths.
        seed: of the run.
        tools: tokenizer, language, spread.

    Raises:
        ConfigError: a corruption is asked for that the tools cannot make.
    """
    limits = {name: getattr(settings, name) for name in NAMES if getattr(settings, name) > 0}
    if lost := [name for name in limits if name not in tools.names]:
        raise ConfigError(
            f"training.corruption.{lost[0]} changes sentences, but the pack's text vectors, which stored_text reads, "
            "are not those of its text encoder; set it to 0, or stored_text: false"
        )

    def train_of(epoch: int) -> PackSplit:
        split = train
        for name, limit in limits.items():
            strengths = _strengths(train, name, limit, seed=derived_seed(seed, epoch, _STRENGTH))
            seed_of_epoch = derived_seed(seed, epoch, _CORRUPTED)
            split = corrupt(split, name, strengths.tolist(), seed=seed_of_epoch, tools=tools)
        return split

    return train_of


def _strengths(train: PackSplit, name: Name, limit: float, *, seed: int) -> Float64[np.ndarray, "clips"]:
    """One per clip; the chance of an empty sentence is the same for all."""
    if name == "missing_text":
        return np.full(len(train), limit)
    return np.array([limit * random_of(clip_id, name=name, seed=seed).random() for clip_id in train.ids])
