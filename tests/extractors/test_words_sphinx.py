"""Forced alignment of speech whose word timings are known."""

import csv
import re
from collections import defaultdict

import numpy as np
import pytest

from pipeline.core.errors import FeatureError
from pipeline.extractors._base import ClipInput
from pipeline.extractors.words_sphinx import Config, extractor
from pipeline.features.features import Features, validate_features
from pipeline.media.audio import RATE_HZ, Sound, load_sound
from pipeline.media.span import MediaSpan

SENTENCES = (
    "I loved the film, it was really good.",
    "The plot was a terrible disaster and I completely despised the film.",
    "I think the service was quite nice, I liked it.",
    "I really disliked this camera because it was really disappointing.",
)


@pytest.fixture(scope="module")
def aligner():
    return extractor(Config())


def align(aligner, text: str, sound: Sound, language: str = "en") -> Features:
    features = aligner.extract(ClipInput("v$_$1", text=text, language=language, sound=sound))
    validate_features(features, num_features=2)
    spoken = features.times[features.mask]
    assert (spoken[:, 1] > spoken[:, 0]).all()
    assert (spoken[1:, 0] >= spoken[:-1, 1] - 1e-9).all()
    assert spoken.min() >= 0
    assert spoken.max() <= sound.duration_s
    return features


def test_words_are_found_where_the_voice_says_them(aligner, say):
    errors_s = []
    for text in SENTENCES:
        sound, words = say(text)
        features = align(aligner, text, sound)
        assert features.notes["method"] == "sphinx"
        assert features.notes["agrees"] == 1
        errors_s += [abs(time[0] - word.start_s) for time, word in zip(features.times, words, strict=True)]
    assert np.median(errors_s) <= 0.02
    assert np.mean(np.array(errors_s) <= 0.05) >= 0.95


def test_a_result_does_not_depend_on_the_clips_before(aligner, say):
    clips = [(text, say(text)[0]) for text in SENTENCES]
    forward = {text: align(aligner, text, sound) for text, sound in clips}
    align(aligner, "the zorblax was great", clips[0][1])
    for text, sound in reversed(clips):
        again = align(aligner, text, sound)
        np.testing.assert_array_equal(again.times, forward[text].times)
        np.testing.assert_array_equal(again.values, forward[text].values)
        assert again.notes == forward[text].notes
    alone = align(extractor(Config()), *clips[2])
    np.testing.assert_array_equal(alone.times, forward[SENTENCES[2]].times)


def test_a_long_recording_is_aligned_and_checked_piece_by_piece(aligner, say):
    spoken = [say(text) for text in SENTENCES]
    sound = Sound(np.concatenate([sound.samples for sound, _ in spoken]))
    offsets_s = np.cumsum([0.0, *(part.duration_s for part, _ in spoken)])
    starts_s = [word.start_s + at_s for at_s, (_, words) in zip(offsets_s, spoken, strict=False) for word in words]
    right = align(aligner, " ".join(SENTENCES), sound)
    assert right.notes["agrees"] == 1
    assert np.median(abs(right.times[:, 0] - starts_s)) <= 0.02
    cut = align(aligner, " ".join([*SENTENCES[:2], SENTENCES[3]]), sound)
    assert cut.notes["agrees"] == 0


def test_unknown_words_and_numbers_are_aligned(aligner, say):
    sound, words = say("the zorblax movie was great for twenty dollars")
    features = align(aligner, "The ZORBLAX movie was great -- for $20!", sound)
    assert features.notes["agrees"] == 1
    np.testing.assert_array_equal(features.mask, [True] * 5 + [False] + [True] * 2)
    starts_s = [word.start_s for word in words]
    np.testing.assert_allclose(features.times[[1, 2, 7], 0], [starts_s[i] for i in (1, 2, 6)], atol=0.08)
    assert features.times[7, 1] == pytest.approx(words[-1].end_s, abs=0.1)
    assert not features.values[:, 1].any()


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("change", ["three words dropped", "three words added", "another text"])
def test_a_wrong_transcript_is_noticed_and_spread_by_length(aligner, say, text, change):
    words = text.split()
    wrong = {
        "three words dropped": words[:2] + words[5:],
        "three words added": [*words[:2], "every", "single", "morning", *words[2:]],
        "another text": ["nobody", "bought", "seven", "purple", "elephants", "yesterday"],
    }[change]
    features = align(aligner, " ".join(wrong), say(text)[0])
    assert features.notes["agrees"] == 0
    assert features.notes["confidence"] < 0.5
    assert features.notes["method"] == "proportional"
    assert features.values[:, 1].all()


def test_sound_without_speech_is_spread_by_length(aligner):
    features = align(aligner, "nothing is said here", Sound(np.zeros(2 * RATE_HZ, np.int16)))
    assert features.notes["method"] == "proportional"
    assert align(aligner, "too short", Sound(np.zeros(80, np.int16))).notes["method"] == "proportional"


def test_word_spans_point_into_the_transcript(aligner, say):
    text = "I loved the film, it was really good."
    spans = align(aligner, text, say(text)[0]).extras["word_spans"]
    assert [text[start:end] for start, end in spans.tolist()] == text.split()


def test_other_languages_are_refused_with_a_remedy(aligner, say):
    with pytest.raises(FeatureError, match=re.escape("words_ctc")):
        align(aligner, "das ist gut", say(SENTENCES[0])[0], language="de")


@pytest.mark.parametrize("text", ["...", "[laughter]"])
def test_a_transcript_without_a_spoken_word_is_refused(aligner, say, text):
    with pytest.raises(FeatureError, match="no word of"):
        align(aligner, text, say(SENTENCES[0])[0])


@pytest.mark.slow
def test_real_speech_is_aligned_as_its_reference_says(aligner, shared_data):
    grid = shared_data / "grid"
    truth = defaultdict(list)
    with (grid / "words.csv").open() as file:
        for row in csv.DictReader(file):
            truth[row["file"]].append((row["word"], float(row["start_s"])))
    errors_s = []
    for name, words in truth.items():
        features = align(aligner, " ".join(word for word, _ in words), load_sound(MediaSpan(grid / name)))
        assert features.notes["agrees"] == 1, name
        errors_s += [abs(time[0] - start_s) for time, (_, start_s) in zip(features.times, words, strict=True)]
    assert np.median(errors_s) <= 0.0201
    assert np.mean(np.array(errors_s) <= 0.1001) >= 0.95
    # Four reference starts of "lay" lie in silence, 0.2 to 0.5 s before it is heard: 97.2 % is the most there is.
    assert np.mean(np.array(errors_s) <= 0.2001) >= 0.96
