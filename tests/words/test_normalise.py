"""What is spoken of a transcript."""

import pytest

from pipeline.words.normalise import say, spoken_words
from pipeline.words.spans import word_spans


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("Movie,", "movie"),
        ("IT’S", "it's"),
        ("'really'", "really"),
        ("$12.50,", "twelve dollars fifty cents"),
        ("$1", "one dollar"),
        ("$5M", "five million dollars"),
        ("50%", "fifty percent"),
        ("1,000", "one thousand"),
        ("3.5", "three point five"),
        ("1999", "nineteen ninety nine"),
        ("1990s", "nineteen nineties"),
        ("80's", "eighties"),
        ("2nd", "second"),
        ("3:30", "three thirty"),
        ("9:05", "nine oh five"),
        ("007", "zero zero seven"),
        ("mp3", "mp three"),
        ("Dr.", "doctor"),
        ("e.g.", "for example"),
        ("U.S.", "u s"),
        ("rock&roll", "rock and roll"),
        ("sci-fi", "sci fi"),
        ("(umm)", "um"),
        ("uhhhh", "uh"),
        ("Hmmm...", "hmm"),
        ("mhm", "mhm"),
        ("--", ""),
        ("…", ""),
    ],
)
def test_raw_words_are_spelled_as_they_are_said(raw, words):
    assert " ".join(say(raw, "en")) == words


def test_every_spoken_word_refers_to_its_raw_word():
    text = "It cost $5 -- [laughs out loud] (stutter) OK."
    spoken = spoken_words(text, word_spans(text, "en"), "en")
    assert [(word.word, word.raw) for word in spoken] == [
        ("it", 0),
        ("cost", 1),
        ("five", 2),
        ("dollars", 2),
        ("ok", 8),
    ]


def test_chinese_is_spoken_by_character_and_punctuation_is_silent():
    text = "我喜欢3部 ，电影！"
    spoken = spoken_words(text, word_spans(text, "zh"), "zh")
    assert "".join(word.word for word in spoken) == "我喜欢三部电影"
    assert [word.raw for word in spoken] == [0, 1, 2, 3, 4, 6, 7]


def test_other_languages_keep_their_letters_and_their_own_numbers():
    assert say("Größer,", "de") == ["größer"]
    assert say("3,5", "de") == ["drei", "komma", "fünf"]
    assert say("12", "xx") == ["12"]
