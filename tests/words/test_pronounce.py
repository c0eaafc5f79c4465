"""Pronunciations of unknown words."""

import numpy as np

from pipeline.demo.voice import Prosody, speak
from pipeline.words.pronounce import pronounce, to_arpabet


def test_invented_words_and_acronyms_get_phonemes():
    assert pronounce(["zorblax", "mp"]) == ["Z AO R B L AE K S", "EH M P IY"]


def test_a_sign_without_sound_has_no_pronunciation():
    assert pronounce(["…"]) == [""]


def test_longer_sounds_win_over_their_beginnings():
    assert to_arpabet("tʃ_ˈɔɪ_s") == "CH OY S"
    assert to_arpabet("f_ˈaɪɚ") == "F AY ER"


def test_pronouncing_leaves_the_demos_voice_as_it_was():
    before, _ = speak("the movie was great", Prosody())
    pronounce(["zorblax"])
    after, _ = speak("the movie was great", Prosody())
    np.testing.assert_array_equal(before, after)
