"""Donors: nearest rows, votes, medians, and when nothing is borrowed."""

import numpy as np
import pytest

from pipeline.config.unions import BorrowConfig
from pipeline.labels import neighbours
from pipeline.labels.borrowing import borrow_emotions, borrow_intensities
from pipeline.labels.neighbours import nearest


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def at(*cosines):
    """Donors of these cosines with the row (1, 0)."""
    return unit([[cosine, np.sqrt(1 - cosine**2)] for cosine in cosines])


ROW = unit([[1.0, 0.0]])


@pytest.mark.parametrize(("rows", "donors"), [(1, 1), (7, 3), (40, 25)])
def test_neighbours_are_those_of_a_plain_loop_with_ties_in_order_whatever_the_blocks(monkeypatch, rows, donors):
    draw = np.random.default_rng(0)
    first = unit(draw.normal(size=(rows, 5)))
    second = unit(draw.normal(size=(donors, 5)))[draw.integers(donors, size=donors)]  # some donors are equal
    cosines = np.round(first.astype(float) @ second.astype(float).T, 6)
    expected = [sorted(range(donors), key=lambda place: (-row[place], place))[:4] for row in cosines]
    for block_rows, block_donors in ((256, 8192), (3, 2), (1, 5)):
        monkeypatch.setattr(neighbours, "_BLOCK_ROWS", block_rows)
        monkeypatch.setattr(neighbours, "_BLOCK_DONORS", block_donors)
        ranked = nearest(first, second, 4)
        assert [[place for place in row if place >= 0] for row in ranked.index.tolist()] == expected
        best = np.take_along_axis(cosines, ranked.index[:, :1], axis=1)
        np.testing.assert_array_equal(ranked.similarity[:, :1], best)
        assert ranked.index.shape == (rows, 4)


def test_the_value_of_the_nearest_donor_is_borrowed_and_its_lead_over_the_next_is_reported():
    (given,) = borrow_emotions(ROW, at(0.5, 0.9, 0.8), ["fear", "joy", "joy"], BorrowConfig(neighbours=1))
    assert (given.value, given.donor) == ("joy", 1)
    assert given.similarity == pytest.approx(0.9, abs=1e-6)
    assert given.margin == pytest.approx(0.1, abs=1e-6)


def test_a_vote_can_overrule_the_nearest_donor_and_names_the_nearest_of_the_winners():
    settings = BorrowConfig(neighbours=3, temperature=None)
    (given,) = borrow_emotions(ROW, at(0.5, 0.9, 0.8), ["fear", "joy", "fear"], settings)
    assert (given.value, given.donor) == ("fear", 2)
    assert given.margin == pytest.approx(-0.1, abs=1e-6)


def test_a_low_temperature_is_the_nearest_donor_again():
    settings = BorrowConfig(neighbours=3, temperature=0.01)
    (given,) = borrow_emotions(ROW, at(0.5, 0.9, 0.8), ["fear", "joy", "fear"], settings)
    assert given.value == "joy"


def test_an_even_vote_goes_to_the_emotion_with_the_nearest_donor():
    settings = BorrowConfig(neighbours=4, temperature=None)
    (given,) = borrow_emotions(ROW, at(0.5, 0.9, 0.8, 0.7), ["fear", "anger", "fear", "anger"], settings)
    assert given.value == "anger"


@pytest.mark.parametrize(("how", "expected"), [("median", -12), ("mean", -14)])
def test_intensities_are_medians_or_means_of_the_donors(how, expected):
    settings = BorrowConfig(neighbours=3, temperature=None, intensity=how)
    (given,) = borrow_intensities(ROW, at(0.9, 0.8, 0.7, 0.1), [-5, -12, -26, -30], settings)
    assert given.value == expected


def test_a_mean_close_to_nothing_keeps_its_sign():
    settings = BorrowConfig(neighbours=1, intensity="mean")
    (given,) = borrow_intensities(ROW, at(0.9, 0.8), [-1, 1], settings)
    assert given.value == -1


def test_donors_that_are_not_similar_enough_are_not_asked():
    settings = BorrowConfig(neighbours=3, temperature=None, min_similarity=0.75)
    emotions = ["joy", "fear", "fear"]
    (given,) = borrow_emotions(ROW, at(0.8, 0.7, 0.6), emotions, settings)
    assert given.value == "joy"
    assert borrow_emotions(ROW, at(0.7, 0.7, 0.6), emotions, settings) == [None]


def test_a_single_donor_has_no_margin():
    (given,) = borrow_emotions(ROW, at(0.8), ["joy"], BorrowConfig(neighbours=5))
    assert given.margin is None
