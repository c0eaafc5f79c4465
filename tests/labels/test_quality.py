"""Measured quality: hidden labels are scored against the truth, next to baselines on the same rows."""

import numpy as np
import pytest

from pipeline.config.unions import BorrowConfig
from pipeline.labels.quality import measure
from pipeline.labels.utterances import Utterance

SIGNS = {"joy": "positive", "surprise": "positive", "anger": "negative", "fear": "negative"}
NEAREST = BorrowConfig(neighbours=1)


def row(dataset, split, number, *, emotion=None, tenths=None):
    polarity = SIGNS[emotion] if emotion else "negative" if tenths < 0 else "positive"
    emotions = {"meld": emotion} if emotion else {}
    score = None if tenths is None else tenths / 10
    return Utterance(dataset, split, f"{number}", f"text {number}", polarity, tenths, score, emotions, "")


def by_number(rows):
    """Rows of equal last digit are alike."""
    return np.eye(10, dtype=np.float32)[[int(row.clip_id) % 10 for row in rows]]


def scores(rows, settings=NEAREST, split="valid"):
    measured = measure(rows, by_number, settings, split)
    return {(score["dataset"], score["donors"], score["method"]): score for score in measured}


def test_borrowing_is_right_where_like_texts_have_like_emotions_and_baselines_are_what_they_are():
    emotions = ["joy", "joy", "surprise", "anger"]
    rows = [row("a", "train", i, emotion=name) for i, name in enumerate(emotions)]
    rows += [row("a", "valid", 10 + i, emotion=name) for i, name in enumerate(emotions)]
    by_method = scores(rows)
    assert by_method["a", "same", "borrowed"]["accuracy"] == 1
    assert by_method["a", "same", "majority"]["accuracy"] == pytest.approx(3 / 4)
    assert 0.4 < by_method["a", "same", "random"]["accuracy"] < 1


def test_the_best_constant_intensity_is_the_median_of_the_polarity():
    rows = [row("a", "train", i, tenths=value) for i, value in enumerate([5, 10, 29])]
    rows += [row("a", "valid", 10 + i, tenths=value) for i, value in enumerate([6, 12, 30])]
    by_method = scores(rows)
    assert by_method["a", "same", "borrowed"]["MAE"] == pytest.approx((0.1 + 0.2 + 0.1) / 3, abs=1e-4)
    assert by_method["a", "same", "majority"]["MAE"] == pytest.approx((0.4 + 0.2 + 2.0) / 3, abs=1e-4)
    assert by_method["a", "same", "borrowed"]["Corr_in_polarity"] > 0.99
    assert by_method["a", "same", "majority"]["Corr_in_polarity"] == 0


def test_donors_of_the_same_and_of_other_datasets_are_counted_apart_and_are_train_rows():
    rows = [row("a", "train", 1, tenths=5), row("b", "train", 1, tenths=20), row("b", "test", 1, tenths=30)]
    rows += [row("a", "valid", 11, tenths=20)]
    by_method = scores(rows)
    assert by_method["a", "same", "borrowed"]["MAE"] == pytest.approx(1.5)
    assert by_method["a", "other", "borrowed"]["MAE"] == 0


def test_rows_without_a_similar_donor_are_not_scored_but_counted():
    rows = [row("a", "train", 1, tenths=5), row("a", "valid", 11, tenths=5), row("a", "valid", 12, tenths=5)]
    by_method = scores(rows, BorrowConfig(neighbours=1, min_similarity=0.5))
    assert (by_method["a", "same", "borrowed"]["rows"], by_method["a", "same", "borrowed"]["answered"]) == (2, 1)
