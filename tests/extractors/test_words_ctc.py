"""CTC segmentation: of emissions whose truth is known, and through a tiny model."""

import json

import numpy as np
import pytest

from pipeline.core.errors import MissingDependencyError
from pipeline.extractors._base import ClipInput
from pipeline.extractors._words.ctc import Vocabulary, agreement, segment
from pipeline.extractors.words_ctc import Config, extractor
from pipeline.features.features import validate_features
from pipeline.media.audio import RATE_HZ, Sound

pytest.importorskip("ctc_segmentation", reason="the optional ctc-segmentation is not installed (needs a C compiler)")

HOP_S = 0.02
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ'"
SYMBOLS = ["<pad>", "<s>", "</s>", "<unk>", "|", *LETTERS]
VOCABULARY = Vocabulary({letter: 5 + index for index, letter in enumerate(LETTERS)}, blank=0, delimiter=4)


def emissions(words: list[tuple[str, int, int]], frames: int, *, vocabulary=VOCABULARY, noise: float = 0.0):
    """Log probabilities of a model that hears each word's characters evenly between two frames."""
    num_symbols = max(vocabulary.ids.values()) + 1
    logits = np.random.default_rng(0).normal(0, noise, (frames, num_symbols))
    best = np.full(frames, vocabulary.blank)
    for word, start, end in words:
        spelled = vocabulary.spell(word)
        borders = np.linspace(start, end, len(spelled) + 1).round().astype(int)
        for symbol, first, last in zip(spelled, borders[:-1], borders[1:], strict=True):
            best[first:last] = symbol
        if vocabulary.delimiter is not None and end < frames:
            best[end] = vocabulary.delimiter
    logits[np.arange(frames), best] += 8
    return (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)


WORDS = [("good", 20, 40), ("old", 45, 60), ("movie", 80, 110)]


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_words_are_found_where_the_emissions_put_them(noise):
    segmentation = segment(
        emissions(WORDS, 150, noise=noise), [VOCABULARY.spell(word) for word, _, _ in WORDS], VOCABULARY, HOP_S
    )
    expected = np.array([[start, end] for _, start, end in WORDS]) * HOP_S
    np.testing.assert_allclose(segmentation.times, expected, atol=2 * HOP_S)
    assert (segmentation.probabilities > 0.5).all()


def test_chinese_is_segmented_by_character_without_a_delimiter():
    chinese = Vocabulary({"我": 1, "喜": 2, "欢": 3}, blank=0, delimiter=None)
    spoken = [("我", 10, 20), ("喜", 25, 35), ("欢", 36, 50)]
    segmentation = segment(
        emissions(spoken, 60, vocabulary=chinese), [chinese.spell(word) for word, _, _ in spoken], chinese, HOP_S
    )
    np.testing.assert_allclose(segmentation.times, np.array([[a, b] for _, a, b in spoken]) * HOP_S, atol=2 * HOP_S)


def test_a_word_of_unknown_characters_has_no_time():
    log_probs = emissions(WORDS, 150)
    segmentation = segment(log_probs, [VOCABULARY.spell(word) for word in ("good", "旧", "movie")], VOCABULARY, HOP_S)
    np.testing.assert_array_equal(np.isnan(segmentation.times[:, 0]), [False, True, False])


def test_more_symbols_than_frames_is_no_segmentation():
    assert segment(emissions([], 10), [VOCABULARY.spell("international")], VOCABULARY, HOP_S) is None


def test_what_is_heard_agrees_with_the_right_transcript_only():
    log_probs = emissions(WORDS, 150)
    right = ["good", "old", "movie"]
    parts = {
        text: agreement(log_probs, [VOCABULARY.spell(word) for word in text.split()], VOCABULARY)
        for text in ("good old movie", "good", "good old quite boring silly movie")
    }
    # CTC merges the two o of good: one of twelve characters
    assert parts[" ".join(right)] == pytest.approx(11 / 12)
    assert parts["good"] < 0.5
    assert parts["good old quite boring silly movie"] < 0.5


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    """A random wav2vec2 of a few thousand weights, as ``save_pretrained`` leaves it."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    folder = tmp_path_factory.mktemp("ctc")
    (folder / "symbols.json").write_text(json.dumps({symbol: index for index, symbol in enumerate(SYMBOLS)}))
    Wav2Vec2CTCTokenizer(str(folder / "symbols.json")).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    convolution = {"conv_dim": (8,) * 7, "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}
    Wav2Vec2ForCTC(Wav2Vec2Config(vocab_size=len(SYMBOLS), **sizes, **convolution)).save_pretrained(folder)
    return folder


def noise_clip(seconds: float) -> ClipInput:
    samples = np.random.default_rng(0).normal(0, 1000, round(seconds * RATE_HZ)).astype(np.int16)
    return ClipInput("v$_$1", text="Good -- old MOVIE!", sound=Sound(samples))


def test_a_model_folder_times_every_spoken_word(tiny_model):
    features = extractor(Config(weights=str(tiny_model), min_confidence=0)).extract(noise_clip(2.0))
    validate_features(features, num_features=2)
    assert features.notes["method"] == "ctc"
    np.testing.assert_array_equal(features.mask, [True, False, True, True])
    spoken = features.times[features.mask]
    assert (spoken[:, 1] > spoken[:, 0]).all()
    assert (spoken[1:, 0] >= spoken[:-1, 1]).all()
    assert 0 <= spoken.min() < spoken.max() <= 2


def test_a_model_that_hears_something_else_disagrees(tiny_model):
    features = extractor(Config(weights=str(tiny_model))).extract(noise_clip(2.0))
    assert features.notes["method"] == "proportional"
    assert features.notes["agrees"] == 0


@pytest.mark.parametrize("seconds", [0.005, 0.1])
def test_a_sound_too_short_for_its_words_is_spread_by_length(tiny_model, seconds):
    features = extractor(Config(weights=str(tiny_model), min_confidence=0)).extract(noise_clip(seconds))
    assert features.notes["method"] == "proportional"


def test_every_shaping_file_is_fingerprinted(tiny_model):
    files = extractor.weight_files(Config(weights=str(tiny_model)))
    assert {"config.json", "model.safetensors", "preprocessor_config.json", "vocab.json"} <= files.keys()


def test_without_a_model_the_remedy_names_one():
    with pytest.raises(MissingDependencyError, match="wav2vec2-base-960h"):
        extractor.weight_files(Config())


def test_a_model_that_is_not_there_is_called_a_ctc_model(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MissingDependencyError, match=r"^CTC model no-such-model is no folder .*hf download") as caught:
        extractor.weight_files(Config(weights="no-such-model"))
    assert "encoder" not in str(caught.value)
