"""Given word timings matched to the transcript."""

import numpy as np
import pytest

from pipeline.extractors._base import ClipInput
from pipeline.extractors.words_given import Config, extractor
from pipeline.features.features import Features, validate_features
from pipeline.media.audio import RATE_HZ, Sound
from pipeline.words.timed import TimedWord

SOUND = Sound(np.zeros(3 * RATE_HZ, np.int16))


def timed(words: str, step_s: float = 0.3) -> tuple[TimedWord, ...]:
    """One word after the other, each of the same length."""
    return tuple(TimedWord(word, index * step_s, (index + 1) * step_s) for index, word in enumerate(words.split()))


def match(text: str, given, language: str = "en") -> Features:
    clip = ClipInput("v$_$1", text=text, language=language, sound=SOUND, given_words=given)
    features = extractor(Config()).extract(clip)
    validate_features(features, num_features=2)
    return features


def test_times_are_taken_over_whatever_case_and_punctuation():
    features = match("It’s GREAT, really - $5!", timed("it's great really five dollars"))
    assert features.notes["agrees"] == 1
    np.testing.assert_allclose(features.times[[0, 1, 2]], [[0, 0.3], [0.3, 0.6], [0.6, 0.9]])
    np.testing.assert_allclose(features.times[4], [0.9, 1.5])
    np.testing.assert_array_equal(features.mask, [True, True, True, False, True])
    assert np.isnan(features.times[3]).all()


def test_a_word_that_was_not_given_is_placed_and_flagged():
    given = tuple(word for word in timed("a b c d e f g h i j") if word.word != "e")
    features = match("a b c d e f g h i j", given)
    np.testing.assert_allclose(features.times[4], [1.2, 1.5])
    np.testing.assert_array_equal(features.values[:, 1], np.arange(10) == 4)
    assert features.notes["agrees"] == 1


def test_three_given_words_too_many_or_too_few_are_noticed():
    text = "one two three four five six seven eight nine ten"
    assert match(text, timed(text)).notes["agrees"] == 1
    assert (
        match(
            text,
            timed(text.replace("four five six ", "")),
        ).notes["agrees"]
        == 0
    )
    assert match(text.replace("four five six ", ""), timed(text)).notes["agrees"] == 0


def test_given_words_of_another_text_are_not_used():
    features = match("completely different words here", timed("one two three four"))
    assert features.notes["method"] == "proportional"
    assert features.notes["agrees"] == 0
    assert features.values[:, 1].all()


def test_overlapping_and_outlying_times_are_put_in_order():
    given = (TimedWord("a", -0.2, 0.5), TimedWord("b", 0.3, 0.9), TimedWord("c", 0.9, 9.0), TimedWord("d", 9.0, 9.5))
    features = match("a b c d", given)
    assert (features.times[:, 1] > features.times[:, 0]).all()
    assert (features.times[1:, 0] >= features.times[:-1, 1] - 1e-9).all()
    assert features.times.min() >= 0
    assert features.times.max() <= 3
    np.testing.assert_array_equal(features.values[:, 1], [0, 0, 0, 1])


def test_chinese_words_share_their_time_by_character():
    given = (TimedWord("我", 0.0, 0.2), TimedWord("喜欢", 0.2, 0.6), TimedWord("电影", 0.6, 1.0))
    features = match("我喜欢电影", given, "zh")
    np.testing.assert_allclose(features.times[:, 0], [0, 0.2, 0.4, 0.6, 0.8])


@pytest.mark.parametrize("given", [None, ()])
def test_a_clip_without_given_words_is_spread_by_length_and_flagged(given):
    features = match("one three", given)
    assert (features.notes["method"], features.notes["agrees"]) == ("proportional", 0)
    np.testing.assert_allclose(features.times, [[0, 3 * 3 / 8], [3 * 3 / 8, 3]])
    assert features.values[:, 1].all()
