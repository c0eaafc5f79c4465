"""A sanity check of the pipeline: a model trained on permuted labels must score at chance level."""

from dataclasses import replace

import numpy as np

from pipeline.packs.schema import PackSplit


def with_shuffled_labels(train: PackSplit, *, seed: int) -> PackSplit:
    """The split with its labels randomly permuted; regression and class labels stay together.

    Args:
        train: the clips; not changed.
        seed: of the run.
    """
    order = np.random.default_rng(seed).permutation(len(train))
    labels = {key: values[order] for key, values in train.labels.items()}
    return replace(train, labels=labels, annotations=[train.annotations[clip] for clip in order])
