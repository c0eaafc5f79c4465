"""Imported pickles are repaired and scaled."""

import numpy as np

from pipeline.packs.build.imported import import_splits
from pipeline.packs.formats.files import to_arrays
from tests.support.splits import make_splits


def test_an_imported_pickle_is_repaired_counted_and_scaled_by_train():
    content = {name: to_arrays(split) for name, split in make_splits().items()}
    audio = content["train"]["audio"].copy()
    audio[0, 0, 0] = -np.inf
    content["train"]["audio"] = audio * 100 + 5
    described = {"dataset": "toy", "pack": "imported"}
    splits, card = import_splits(content, described, normalise=True)
    assert card.not_finite == {"audio": 1, "vision": 0}
    measured = splits["train"].audio[splits["train"].audio_mask]
    np.testing.assert_allclose(measured.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(measured.std(0), 1, atol=1e-4)
    assert not splits["train"].audio[~splits["train"].audio_mask].any()
