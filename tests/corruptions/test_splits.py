"""Splits under corruptions: what happens to a clip depends on its id, the seed and the level."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.corruptions import splits
from pipeline.corruptions.levels import CORRUPTIONS, MEDIA_MODALITY, PROXY_STRENGTHS, STRENGTHS
from pipeline.corruptions.splits import corrupt, make_context
from pipeline.corruptions.text import in_its_context, make_encode
from pipeline.packs.schema import PackSplit
from tests.support.splits import make_split, save_encoder

PER_CLIP = ("text", "text_bert", "audio", "vision", "audio_mask", "vision_mask", "audio_lengths", "vision_lengths")


@pytest.fixture(scope="module")
def split():
    texts = ["word20 word21 word22 word23 word24 word25", "word30", "word20 word30 word21 word31"]
    return replace(make_split(12), raw_text=[texts[index % 3] for index in range(12)])


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    encoder = save_encoder(tmp_path_factory.mktemp("encoder"))
    return make_context(make_split(20, seed=5), text_encoder=str(encoder), language="en")


@pytest.fixture(scope="module")
def with_vectors(split, tmp_path_factory):
    """A split whose vectors are its encoder's, and the context for models that read them."""
    encoder = save_encoder(tmp_path_factory.mktemp("encoder"))
    encode = make_encode(encoder)
    own = replace(split, text=encode(split.text_bert))
    return own, make_context(own, text_encoder=str(encoder), language="en", stored_text=True), encode


def levels(name):
    return (PROXY_STRENGTHS if name in MEDIA_MODALITY else STRENGTHS)[name]


def at(split, name, strength, context, seed=3):
    return corrupt(split, name, [strength] * len(split), seed=seed, context=context)


def picked(split, order) -> PackSplit:
    arrays = {name: getattr(split, name)[order] for name in PER_CLIP}
    names = {name: [getattr(split, name)[index] for index in order] for name in ("ids", "raw_text", "annotations")}
    return replace(split, **arrays, **names, labels={"M": split.labels["M"][order]})


def same(first, second) -> bool:
    arrays = all(np.array_equal(getattr(first, name), getattr(second, name)) for name in PER_CLIP)
    return arrays and first.raw_text == second.raw_text


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_order_and_neighbours_of_a_clip_do_not_count(split, context, name):
    order = np.array([7, 2, 11])
    for strength in levels(name):
        whole = at(split, name, strength, context)
        assert same(at(picked(split, order), name, strength, context), picked(whole, order))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_another_seed_corrupts_in_another_way_and_the_same_one_in_the_same(split, context, name):
    strength = levels(name)[1]
    first, second, again = (at(split, name, strength, context, seed) for seed in (1, 2, 1))
    assert same(first, again)
    assert not same(first, second)
    assert not same(first, split)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_strength_0_changes_nothing(split, context, name):
    assert same(at(split, name, 0.0, context), split)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_padding_and_rows_that_were_not_measured_stay_zero(split, context, name):
    for strength in levels(name):
        changed = at(split, name, strength, context)
        for modality in ("audio", "vision"):
            mask, values = getattr(changed, f"{modality}_mask"), getattr(changed, modality)
            lengths = getattr(changed, f"{modality}_lengths")
            assert not values[~mask].any()
            assert not mask[np.arange(mask.shape[1]) >= lengths[:, None]].any()
            assert (lengths >= 1).all()
        attention = changed.text_bert[:, 1] > 0
        assert not changed.text_bert[:, 0][~attention].any()
        assert not attention[:, -1].any()


@pytest.mark.parametrize("name", ["dropped_frames", "blur", "audio_noise"])
def test_more_padding_changes_no_row(split, context, name):
    wide = {}
    for modality in ("audio", "vision"):
        wide[modality] = np.pad(getattr(split, modality), ((0, 0), (0, 5), (0, 0)))
        wide[f"{modality}_mask"] = np.pad(getattr(split, f"{modality}_mask"), ((0, 0), (0, 5)))
    narrow, padded = (
        at(split, name, levels(name)[3], context),
        at(replace(split, **wide), name, levels(name)[3], context),
    )
    for modality in ("audio", "vision"):
        steps = getattr(split, modality).shape[1]
        np.testing.assert_array_equal(getattr(padded, modality)[:, :steps], getattr(narrow, modality))


def test_missing_text_at_chance_1_is_the_empty_sentence_for_every_clip(split, context):
    changed = at(split, "missing_text", 1.0, context)
    empty = context.tokenise("", split.text_bert.shape[2])
    assert empty[1].sum() <= 2
    assert all(np.array_equal(rows, empty) for rows in changed.text_bert)
    assert set(changed.raw_text) == {""}


def test_what_a_level_takes_every_stronger_level_takes_too(split, context):
    empty = [
        {i for i, t in enumerate(at(split, "missing_text", p, context).raw_text) if not t} for p in (0.2, 0.5, 0.9)
    ]
    assert empty[0] <= empty[1] <= empty[2]
    assert len(empty[0]) < len(empty[2]) < len(split)


def test_shuffling_keeps_the_words_and_moves_all_of_them_at_1(split, context):
    changed = at(split, "shuffled_words", 1.0, context)
    for before, after in zip(split.raw_text, changed.raw_text, strict=True):
        words, moved = before.split(), after.split()
        assert sorted(words) == sorted(moved)
        assert len(words) == 1 or not any(a == b for a, b in zip(words, moved, strict=True))
    half = at(split, "shuffled_words", 0.5, context).raw_text[0].split()
    assert sum(a != b for a, b in zip(split.raw_text[0].split(), half, strict=True)) == 3


def test_a_corrupted_sentence_reads_as_the_tokenizer_reads_it(split, context):
    changed = at(split, "shuffled_words", 1.0, context)
    np.testing.assert_array_equal(changed.text_bert[0], context.tokenise(changed.raw_text[0], 9))
    np.testing.assert_array_equal(changed.text_bert[1], split.text_bert[1])
    assert not changed.text[0].any()


def test_turns_around_a_sentence_stay_as_they_are():
    before, sentence, after = [2, 9, 3], [30, 31, 3], [8, 3]
    old, empty = np.zeros((3, 10), np.float32), np.zeros((3, 10), np.float32)
    old[:, :8] = [before + sentence + after, [1] * 8, [0, 0, 0, 1, 1, 1, 0, 0]]
    empty[:, :2] = [[2, 3], [1, 1], [0, 0]]
    assert in_its_context(old, empty)[0].tolist() == [*before, 3, *after, 0, 0, 0, 0]
    assert in_its_context(old, empty)[1].sum() == 6
    assert in_its_context(old, empty)[2].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    np.testing.assert_array_equal(in_its_context(empty, old), old)


def test_dropped_frames_are_removed_and_the_length_is_shorter(split, context):
    changed = at(split, "dropped_frames", 0.5, context)
    for index, length in enumerate(split.vision_lengths):
        assert changed.vision_lengths[index] == length - min(length // 2, length - 1)
        before, after = split.vision[index, :length], changed.vision[index, : changed.vision_lengths[index]]
        places = [int(np.flatnonzero((before == row).all(1))[0]) for row in after if row.any()]
        assert places == sorted(places)
    np.testing.assert_array_equal(changed.audio, split.audio)


def test_in_an_aligned_pack_rows_keep_the_place_of_their_token(split, context):
    aligned = replace(split, audio_lengths=None, vision_lengths=None)
    changed = corrupt(aligned, "dropped_frames", [0.5] * len(split), seed=3, context=context)
    assert changed.vision_lengths is None
    assert (changed.vision_mask <= split.vision_mask).all()
    np.testing.assert_array_equal(changed.vision[changed.vision_mask], split.vision[changed.vision_mask])


def test_noise_has_the_stated_part_of_the_deviation_of_the_train_split(context):
    many = make_split(400, seed=8)
    noise = (at(many, "audio_noise", 0.3, context).audio - many.audio)[many.audio_mask]
    np.testing.assert_allclose(noise.std(axis=0), 0.3 * context.spread["audio"], rtol=0.1)


@pytest.mark.parametrize("name", ["missing_text", "shuffled_words"])
def test_only_the_vectors_of_changed_sentences_are_computed_again(with_vectors, name):
    split, context, encode = with_vectors
    changed = at(split, name, 0.5, context)
    moved = [index for index in range(len(split)) if changed.raw_text[index] != split.raw_text[index]]
    unmoved = [index for index in range(len(split)) if index not in moved]
    np.testing.assert_array_equal(changed.text[unmoved], split.text[unmoved])
    for index in moved:  # alone: neighbours do not count
        np.testing.assert_allclose(changed.text[[index]], encode(changed.text_bert[[index]]), atol=1e-5)
        assert not changed.text[index][changed.text_bert[index, 1] == 0].any()
    assert moved
    assert unmoved


def test_sentences_with_foreign_vectors_are_left_alone_with_a_warning(split, tmp_path, caplog):
    encoder = save_encoder(tmp_path)
    for text in (split.text, np.ones((len(split), 1, 4), np.float32)):
        context = make_context(replace(split, text=text), text_encoder=str(encoder), language="en", stored_text=True)
        assert context.names == ("dropped_frames", "blur", "audio_noise")
    assert len(caplog.messages) == 2
    assert "left out: missing_text, shuffled_words" in caplog.text


def test_an_unhandled_corruption_is_an_error(split, context, monkeypatch):
    monkeypatch.delitem(splits._ROW_CHANGES, "blur")
    with pytest.raises(KeyError, match="blur"):
        at(split, "blur", 0.5, context)
