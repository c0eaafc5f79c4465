"""Metrics equal MMSA's."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from pipeline.training.metrics import (
    FAMILIES,
    Family,
    Metric,
    emotion_scores,
    metric_named,
    sentiment_scores,
    weighted_f1,
)

LABELS = np.asarray([-3, -1.2, 0, 0, 0.4, 0.5, 1.5, 2.5, 3], np.float32)
PREDICTIONS = np.asarray([-3.4, -0.6, -0.1, 0, 0.5, 1.5, -0.2, 2.6, 3.9], np.float32)

# Made with MMSA 2.2.1's own class.
MMSA_MOSI = {
    "Has0_acc_2": 0.7778,
    "Has0_F1_score": 0.7963,
    "Non0_acc_2": 0.8571,
    "Non0_F1_score": 0.8635,
    "Mult_acc_5": 0.7778,
    "Mult_acc_7": 0.6667,
    "MAE": 0.5444,
    "Corr": 0.9220,
}
MMSA_SIMS = {
    "Mult_acc_2": 0.8889,
    "Mult_acc_3": 0.8889,
    "Mult_acc_5": 0.8889,
    "F1_score": 0.8889,
    "MAE": 0.1333,
    "Corr": 0.9193,
}


def test_mosi_metrics_equal_mmsa():
    scores = sentiment_scores("mosi", LABELS, PREDICTIONS)
    assert {name: round(value, 4) for name, value in scores.values.items()} == MMSA_MOSI
    assert scores.flags == ()


def test_sims_metrics_equal_mmsa():
    scores = sentiment_scores("sims", LABELS / 3, PREDICTIONS / 3)
    assert {name: round(value, 4) for name, value in scores.values.items()} == MMSA_SIMS


def test_names_are_the_keys_in_order():
    for family in ("mosi", "sims"):
        assert tuple(sentiment_scores(family, LABELS, PREDICTIONS).values) == FAMILIES[family].names
    assert tuple(emotion_scores(["joy"], ["joy"]).values) == FAMILIES["emotion"].names


def test_halves_are_rounded_to_even_and_threes_count_as_twos_in_five_classes():
    labels = np.asarray([0, 2, 2, -2], np.float32)
    predictions = np.asarray([0.5, 1.5, 2.5, -0.5], np.float32)
    assert sentiment_scores("mosi", labels, predictions).values["Mult_acc_7"] == 0.75
    threes = np.asarray([3, -3], np.float32)
    assert sentiment_scores("mosi", threes, threes * 0.7).values["Mult_acc_5"] == 1.0


def test_a_prediction_of_zero_is_positive_with_zeros_and_negative_without():
    labels, predictions = np.asarray([1, -1], np.float32), np.asarray([0, -1], np.float32)
    values = sentiment_scores("mosi", labels, predictions).values
    assert (values["Has0_acc_2"], values["Non0_acc_2"]) == (1.0, 0.5)


def test_sims_labels_on_a_cut_belong_to_the_class_below_it():
    on_cuts = np.asarray([-0.7, -0.1, 0.1, 0.7], np.float32)
    below = on_cuts - np.float32(0.05)
    assert sentiment_scores("sims", on_cuts, below).values["Mult_acc_5"] == 1.0


def test_sims_predictions_are_clipped_before_the_error_is_taken():
    labels, predictions = np.asarray([1, -1], np.float32), np.asarray([5, -7], np.float32)
    assert sentiment_scores("sims", labels, predictions).values["MAE"] == 0.0


@pytest.mark.parametrize("family", ["mosi", "sims"])
def test_constant_predictions_have_no_correlation_and_are_flagged_without_a_warning(family):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = sentiment_scores(family, LABELS, np.full_like(LABELS, 0.25))
    assert scores.values["Corr"] == 0.0
    assert any("predictions" in flag for flag in scores.flags)


def test_labels_that_are_all_zero_are_flagged_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = sentiment_scores("mosi", np.zeros_like(LABELS), PREDICTIONS)
    assert scores.values["Non0_acc_2"] == 0.0
    assert any("Non0" in flag for flag in scores.flags)


@settings(deadline=None)  # the first call loads scikit-learn
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=30))
def test_weighted_f1_equals_scikit_learn(pairs):
    labels, predictions = (np.asarray(values) for values in zip(*pairs, strict=True))
    expected = f1_score(labels, predictions, average="weighted", zero_division=0)
    assert weighted_f1(labels, predictions) == pytest.approx(expected)


def test_emotion_metrics():
    scores = emotion_scores(["joy", "joy", "anger", "fear"], ["joy", "anger", "anger", "joy"])
    assert scores.values["Acc"] == 0.5
    assert scores.values["Weighted_F1"] == pytest.approx((2 * 0.5 + 2 / 3) / 4)


def test_the_families_decide_whether_a_higher_value_is_better(monkeypatch):
    error = Metric("Class_error", higher_is_better=False)
    monkeypatch.setitem(FAMILIES, "new", Family((error,), main=error, combined=error))
    lower = ("MAE", "mosi_MAE", "Class_error", "my_set_Class_error")
    higher = ("Corr", "mosi_Corr", "Mult_acc_2", "meld_Weighted_F1", "Combined")
    assert not any(metric_named(name).higher_is_better for name in lower)
    assert all(metric_named(name).higher_is_better for name in higher)
