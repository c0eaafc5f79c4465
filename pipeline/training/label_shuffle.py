"""A check of the whole way from pack to score: labels that say nothing must lead to a score by chance."""

from dataclasses import replace

import numpy as np

from pipeline.packs.schema import PackSplit


def with_shuffled_labels(train: PackSplit, *, seed: int) -> PackSplit:
    """The split with the labels of every clip, regression and class together, given to another clip by lot.

    Args:
        train: the clips as they are; never changed.
        seed: of the run.
    """
    order = np.random.default_rng(seed).permutation(len(train))
    labels = {key: values[order] for key, values in train.labels.items()}
    return replace(train, labels=labels, annotations=[train.annotations[clip] for clip in order])
