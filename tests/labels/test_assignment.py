"""The rules for a row's fields, in a union of all four kinds of datasets."""

import json

import numpy as np
import pytest

from models.layers.universal_label import UniversalLabel
from pipeline.config.settings import DatasetConfig
from pipeline.config.unions import BorrowConfig, UnionConfig
from pipeline.core.errors import ConfigError, RawDataError
from pipeline.labels.assignment import assign
from pipeline.labels.union_settings import resolve_union
from pipeline.labels.utterances import UtteranceSource, read_utterances

NEAREST = BorrowConfig(neighbours=1)


def write_index(folder, rows, **settings):
    """A dataset's index of rows (id, split, text, further fields)."""
    folder.mkdir(parents=True)
    blank = {"sentiment": None, "emotion": None, "polarity": None, "dialogue": None, "turn": None}
    labels = [{**blank, "clip_id": name, "split": split, **more} for name, split, _, more in rows]
    (folder / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels))
    texts = {name: text for name, _, text, _ in rows}
    source = {"highest": 3.0, "taxonomy": None, **settings}
    return UtteranceSource(folder.name, folder / "labels.jsonl", texts, **source)


def meld(emotion, polarity):
    return {"emotion": emotion, "polarity": polarity, "dialogue": "train_dia1", "turn": 2}


@pytest.fixture
def rows(tmp_path):
    scores = [("s1", "train", "LOVE IT", {"sentiment": 2.4}), ("s2", "test", "love it", {"sentiment": 3.0})]
    scores += [("s3", "train", "meh", {"sentiment": 0.0}), ("s4", "valid", "", {"sentiment": -1.0})]
    friends = [
        ("m1", "train", "love it", meld("joy", "positive")),
        ("m2", "valid", "love it", meld("surprise", "positive")),
    ]
    friends += [("m3", "train", "hate it", meld("anger", "negative"))]
    actors = [("i1", "train", "love it", {"emotion": "excited"}), ("i2", "test", "love it", {"emotion": "frustrated"})]
    chinese = [("c1", "train", "love it now", {"sentiment": 0.4})]
    sources = [
        write_index(tmp_path / "mosi", scores),
        write_index(tmp_path / "meld", friends, taxonomy="meld"),
        write_index(tmp_path / "iemocap", actors, taxonomy="iemocap"),
        write_index(tmp_path / "sims", chinese, highest=1.0),
    ]
    return [row for source in sources for row in read_utterances(source)]


def first_words(rows):
    """Texts of equal first word are alike."""
    words = ["love", "hate", "meh"]
    return np.eye(3, dtype=np.float32)[[words.index(row.text.split()[0]) for row in rows]]


def test_each_field_is_gold_ruled_borrowed_or_empty(rows):
    labelled = {item.row.clip_id: item for item in assign(rows, first_words, NEAREST)}
    labels = {name: item.label for name, item in labelled.items()}
    assert labels["s1"] == UniversalLabel("positive", 24, "joy", "excited")
    assert labels["s2"] == UniversalLabel("positive", 30, "joy", "excited")
    assert labels["s3"] == UniversalLabel("neutral", 0, "neutral", "neutral")
    assert labels["s4"] == UniversalLabel("negative", -10, None, None)  # no text
    assert labels["m2"] == UniversalLabel("positive", 24, "surprise", "excited")  # of the test row s2: nothing
    assert labels["m3"] == UniversalLabel("negative", None, "anger", None)  # no train row lends
    assert labels["i2"] == UniversalLabel("negative", None, "anger", "frustrated")
    assert labels["c1"] == UniversalLabel("positive", 12, "joy", "excited")  # 0.4 of 1 is 1.2 of 3
    assert {field.origin for field in labelled["s3"].fields.values()} == {"gold", "rule"}


def test_a_donor_is_named_by_dataset_split_and_id(rows):
    labelled = {item.row.clip_id: item for item in assign(rows, first_words, NEAREST)}
    field = labelled["i1"].fields["emotion_meld"]
    assert (field.origin, field.donor.key, field.similarity, field.margin) == ("borrowed", "meld/train/m1", 1.0, None)
    assert labelled["i1"].fields["intensity"].donor.key == "mosi/train/s1"  # a tie with sims goes to the first


@pytest.mark.parametrize(
    ("row", "message"),
    [(("a", "train", "x", {"emotion": "rage"}), "'rage' is none of meld's"),
     (("a", "train", "x", {"emotion": "joy", "polarity": "negative"}), "does not go with joy"),
     (("a", "train", "x", {"emotion": "surprise"}), "expected positive or negative")],
)  # fmt: skip
def test_labels_that_mean_nothing_in_the_union_are_refused(tmp_path, row, message):
    with pytest.raises(RawDataError, match=message):
        read_utterances(write_index(tmp_path / "a", [row], taxonomy="meld"))


def test_emotions_of_an_unknown_taxonomy_are_refused(tmp_path):
    with pytest.raises(RawDataError, match="set taxonomies"):
        read_utterances(write_index(tmp_path / "a", [("a", "train", "x", {"emotion": "joy"})]))


def test_a_union_has_its_taxonomies_and_keeps_languages_apart():
    datasets = {"meld": DatasetConfig(reader="meld"), "mine": DatasetConfig(), "zh": DatasetConfig(language="zh")}
    both = {name: datasets[name] for name in ("meld", "mine")}
    config = UnionConfig(datasets=["meld", "mine"], taxonomies={"mine": "iemocap"})
    assert [dataset.taxonomy for dataset in resolve_union("u", config, both).datasets.values()] == ["meld", "iemocap"]
    with pytest.raises(ConfigError, match="in en and zh"):
        resolve_union("u", UnionConfig(datasets=["meld", "zh"]), {name: datasets[name] for name in ("meld", "zh")})
    with pytest.raises(ConfigError, match="did you mean 'meld'"):
        resolve_union("u", UnionConfig(datasets=["meld"], taxonomies={"meldd": "meld"}), {"meld": datasets["meld"]})
