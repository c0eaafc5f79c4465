"""The aligned pack: built from existing stores, each token has the mean over its word."""

import json

import numpy as np
import pytest

from pipeline.core.types import SPLITS
from pipeline.features.store import StoreReader
from pipeline.packs.formats.files import read_card, read_pickle, read_split
from pipeline.packs.mmsa_rules import check
from tests.support.fitting import assert_fits


@pytest.fixture(scope="module")
def aligned(packed, tmp_path_factory):
    project = packed.copy_to(tmp_path_factory.mktemp("aligned") / "project")
    project.configure(packs=["unaligned_50", "aligned_50"])
    done = project.run("packs")
    assert done.status == 0, done.output
    return project, done


def features(project, extractor, clip_id):
    for path in (project.processed / "demo" / "features" / extractor).glob("*.h5"):
        with StoreReader(path) as reader:
            if clip_id in reader.ids():
                return reader.read(clip_id)
    raise AssertionError(clip_id)


def test_only_word_times_are_extracted_for_it(aligned):
    _, done = aligned
    assert done.extracted() == {"words_sphinx": 1}
    assert done.rules()["pack"] == 1


def test_it_complies_with_the_rules_of_mmsa(aligned):
    project, _ = aligned
    packs = project.processed / "demo" / "packs"
    splits = read_pickle(packs / "aligned_50.pkl")
    assert [finding for finding in check(splits) if finding.level == "error"] == []
    assert not {"audio_lengths", "vision_lengths"} & splits["train"].keys()
    card = read_card(packs / "aligned_50.json")
    assert card.aligned
    assert sum(card.alignment.methods.values()) == 8


@pytest.mark.parametrize(("modality", "extractor"), [("audio", "egemaps"), ("vision", "face")])
def test_each_token_has_the_mean_of_the_rows_that_overlap_its_word(aligned, modality, extractor):
    project, _ = aligned
    packs = project.processed / "demo" / "packs"
    scaling = json.loads((packs / "aligned_50.json").read_text())["normalisation"][modality]
    mean, scale = np.array(scaling["mean"]), np.array(scaling["scale"])
    checked = 0
    for split in SPLITS:
        arrays = read_split(packs / "aligned_50.h5", split)
        for index, clip_id in enumerate(arrays.ids):
            rows, words, text = (features(project, name, clip_id) for name in (extractor, "words_sphinx", "bert"))
            for token, word in enumerate(text.extras["word_ids"]):
                packed_row = getattr(arrays, modality)[index, token]
                packed_mask = getattr(arrays, f"{modality}_mask")[index, token]
                expected = []
                if word >= 0 and words.mask[word]:
                    start_s, end_s = words.times[word]
                    expected = [
                        row
                        for row, (row_start_s, row_end_s), measured in zip(
                            rows.values, rows.times, rows.mask, strict=True
                        )
                        if measured and row_start_s < end_s and row_end_s > start_s
                    ]
                assert packed_mask == bool(expected)
                if expected:
                    np.testing.assert_allclose(packed_row, (np.mean(expected, axis=0) - mean) / scale, atol=2e-3)
                    checked += 1
                else:
                    assert not packed_row.any()
    assert checked > 30


def test_a_new_clip_lands_on_the_tokens_as_the_packs_own_clips_do(aligned):
    project, _ = aligned
    dataset = project.processed / "demo"
    assert_fits(dataset, read_card(dataset / "packs" / "aligned_50.json"), "test")


def test_special_tokens_and_padding_are_masked(aligned):
    project, _ = aligned
    arrays = read_split(project.processed / "demo" / "packs" / "aligned_50.h5", "train")
    lengths = arrays.text_bert[:, 1].sum(1).astype(int)
    for index, length in enumerate(lengths):
        assert not arrays.audio_mask[index, 0]
        assert not arrays.audio_mask[index, length - 1 :].any()
