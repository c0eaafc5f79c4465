"""Scores of a union: each dataset by its own metrics, and their combination."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.training.metrics import emotion_scores, sentiment_scores
from pipeline.training.predict import Predictions, score
from tests.support.splits import make_split

FAMILIES = {"iemocap": "emotion", "meld": "emotion", "mosi": "mosi"}


@pytest.fixture
def union():
    owners = ["mosi"] * 6 + ["meld"] * 4 + ["iemocap"] * 4
    split = make_split(14)
    return replace(
        split,
        ids=[f"{owner}/{clip_id}" for owner, clip_id in zip(owners, split.ids, strict=True)],
        annotations=[f"{one}, {other}" for one, other in zip("aabbaabbaabbaa", "xyxyxyxyxyxyxy", strict=True)],
    )


def test_each_dataset_is_scored_on_its_own_clips_and_emotions(union):
    sentiment = union.labels["M"] + np.linspace(-1, 1, 14, dtype=np.float32)
    predictions = Predictions(sentiment, categories=("a, x",) * 14)
    values = score(FAMILIES, union, predictions).values
    mosi = sentiment_scores("mosi", union.labels["M"][:6], sentiment[:6]).values
    assert {name: values[f"mosi_{name}"] for name in mosi} == mosi
    assert values["meld_Acc"] == emotion_scores(list("xyxy"), ["x"] * 4).values["Acc"] == 0.5
    assert values["iemocap_Weighted_F1"] == emotion_scores(list("bbaa"), ["a"] * 4).values["Weighted_F1"]
    parts = [values["iemocap_Weighted_F1"], values["meld_Weighted_F1"], values["mosi_Corr"]]
    assert values["Combined"] == pytest.approx(np.mean(parts))


def test_a_single_emotion_of_a_union_is_taken_whole(union):
    families = {"meld": "emotion", "mosi": "mosi"}
    predictions = Predictions(union.labels["M"], categories=tuple(union.annotations))
    assert score(families, union, predictions).values["meld_Acc"] == 1.0
