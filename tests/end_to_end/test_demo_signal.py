"""The demo through the real extractors: each modality carries the sentiment that was put into it."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline.core.types import MODALITIES
from pipeline.demo.dataset import make_demo
from pipeline.packs.formats.files import read_split


@pytest.fixture(scope="module")
def demo_pack(new_project):
    """The pack of a demo of the full size."""
    import shutil

    project = new_project("signal")
    shutil.rmtree(project.root / "raw" / "demo")
    make_demo(project.root / "raw" / "demo", workers=1)
    project.configure(features={"face": {"rate_hz": 10}})  # a third of the pictures tells as much
    done = project.run("packs")
    assert done.status == 0, done.output
    return project.processed / "demo" / "packs" / "unaligned_50.h5"


def mean_rows(split, modality):
    """Mean of the measured rows of each clip."""
    mask = split.text_bert[:, 1] > 0 if modality == "text" else getattr(split, f"{modality}_mask")
    values = getattr(split, modality) * mask[..., None]
    return values.sum(1) / np.maximum(mask.sum(1), 1)[:, None]


@pytest.mark.slow
@pytest.mark.parametrize("modality", MODALITIES)
def test_ridge_on_the_mean_of_one_modality_predicts_the_label(demo_pack, modality):
    train, valid, test = (read_split(demo_pack, split) for split in ("train", "valid", "test"))
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 11)))
    model.fit(
        np.concatenate([mean_rows(train, modality), mean_rows(valid, modality)]),
        np.concatenate([train.labels["M"], valid.labels["M"]]),
    )
    corr = np.corrcoef(model.predict(mean_rows(test, modality)), test.labels["M"])[0, 1]
    assert corr >= 0.4


@pytest.mark.slow
def test_a_face_is_seen_in_nearly_every_frame(demo_pack):
    for split in ("train", "valid", "test"):
        arrays = read_split(demo_pack, split)
        frames = np.arange(arrays.vision_mask.shape[1])[None] < arrays.vision_lengths[:, None]
        assert arrays.vision_mask[frames].mean() >= 0.98
