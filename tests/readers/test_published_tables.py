"""The published tables: every split and class has the size reported in the literature."""

import shutil
from collections import Counter

import pytest

pytestmark = pytest.mark.slow  # whole published tables

SIZES = {
    "mosi": {"train": 1284, "valid": 229, "test": 686},
    "mosei": {"train": 16326, "valid": 1871, "test": 4659},
    "sims": {"train": 1368, "valid": 456, "test": 457},
    "meld": {"train": 9989, "valid": 1109, "test": 2610},
}
TABLES = {
    "mosi": "mosi_label.csv",
    "mosei": "mosei_label_notext.csv",
    "sims": "sims_label.csv",
    "meld": "meld",
}


@pytest.fixture(scope="module")
def published(shared_data, tmp_path_factory, read_dataset):
    """Read a dataset from a raw folder with its tables alone; each is read once."""
    read = {}

    def of(name):
        if name not in read:
            raw = tmp_path_factory.mktemp(name)
            source = shared_data / "texts" / TABLES[name]
            for path in sorted(source.glob("*.csv")) if source.is_dir() else [source]:
                shutil.copyfile(path, raw / path.name)
            read[name] = (*read_dataset(name, raw), raw)
        return read[name]

    return of


@pytest.mark.parametrize("name", SIZES)
def test_splits_count_what_the_field_says(name, published):
    table, faults, _ = published(name)
    assert not faults
    counts = Counter(clip.split for clip in table.clips)
    if name == "mosei":
        assert len(table.unusable) == 6
        assert all("no start or end time" in row.reason for row in table.unusable)
        counts += Counter({"train": 2, "test": 4})
    else:
        assert not table.unusable
    assert counts == SIZES[name]
    assert len({clip.clip_id for clip in table.clips}) == len(table.clips)


def test_meld_has_its_seven_emotions_and_three_polarities(published):
    table, _, _ = published("meld")
    emotions = {split: Counter(clip.emotion for clip in table.clips if clip.split == split) for split in SIZES["meld"]}
    assert emotions["train"] == {
        "neutral": 4710, "joy": 1743, "surprise": 1205, "anger": 1109, "sadness": 683, "disgust": 271, "fear": 268,
    }  # fmt: skip
    assert emotions["valid"] == {
        "neutral": 470, "joy": 163, "anger": 153, "surprise": 150, "sadness": 111, "fear": 40, "disgust": 22,
    }  # fmt: skip
    assert emotions["test"] == {
        "neutral": 1256, "joy": 402, "anger": 345, "surprise": 281, "sadness": 208, "disgust": 68, "fear": 50,
    }  # fmt: skip
    assert Counter(clip.polarity for clip in table.clips) == {"neutral": 6436, "negative": 4184, "positive": 3088}
    assert not table.notes, "these tables are sound; nothing is to be repaired"


def test_mosei_rows_without_times_are_found_by_their_ids(published):
    table, _, _ = published("mosei")
    assert {row.clip_id for row in table.unusable} == {
        "JGEEA_JVriE$_$0", "zsRTbbKlsEg$_$6", "aa0J1AXSseY$_$0", "aa0J1AXSseY$_$1", "aa0J1AXSseY$_$2",
        "aa0J1AXSseY$_$3",
    }  # fmt: skip


def test_sims_reads_the_same_in_every_encoding_it_is_found_in(published, read_dataset, tmp_path):
    table, _, raw = published("sims")
    texts = [clip.text for clip in table.clips]
    assert texts[0] == "我不想嫁给李茶"
    published_bytes = (raw / "sims_label.csv").read_text(encoding="utf-8")
    for encoding in ("utf-8-sig", "gb18030"):
        (tmp_path / "label.csv").write_bytes(published_bytes.encode(encoding))
        assert [clip.text for clip in read_dataset("sims", tmp_path)[0].clips] == texts
