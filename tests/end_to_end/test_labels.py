"""Universal labels by one command, from folders that hold label tables and no video."""

import csv

import pytest

from pipeline.labels.table import read_labels
from pipeline.packs.formats.files import read_card, read_split
from tests.support.project import Project

MOSI = [("a", "1", "I LOVED THIS FILM", 2.4, "train"), ("a", "2", "THE ENDING WAS AWFUL", -1.8, "train"),
        ("b", "1", "A GOOD FILM", 1.2, "valid"), ("c", "1", "IT IS A FILM", 0.0, "test")]  # fmt: skip
MELD = {"train": ("I love it!", "joy", "positive"), "dev": ("That is awful.", "sadness", "negative"),
        "test": ("Hello.", "neutral", "neutral")}  # fmt: skip


def write_csv(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def write_mosi(root, rows):
    write_csv(root / "raw" / "mosi" / "label.csv", ["video_id", "clip_id", "text", "label", "mode"], rows)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    root = tmp_path_factory.mktemp("labels")
    write_mosi(root, MOSI)
    header = ["Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"]
    for split, (text, emotion, polarity) in MELD.items():
        row = [text, "Ross", emotion, polarity, 0, 0]
        write_csv(root / "raw" / "meld" / f"{split}_sent_emo.csv", header, [row])
    project = Project(root)
    project.configure(unions=["mosi_meld"])
    done = project.run("labels")
    assert done.status == 0, done.output
    return project


@pytest.mark.slow
def test_label_tables_alone_give_universal_labels(labelled):
    labels = read_labels(labelled.processed / "universal" / "mosi_meld" / "labels.csv")
    assert len(labels) == 7
    assert labels["meld", "train", "train_dia0$_$utt0"].tenths == 24
    assert labels["mosi", "valid", "b$_$1"].meld == "joy"
    assert labels["mosi", "train", "a$_$2"].meld is None  # no train row of MELD is negative here


@pytest.mark.slow
def test_one_edited_text_concerns_its_dataset_and_the_labels_alone(labelled):
    assert not labelled.run("labels", "--dry-run").rules()
    write_mosi(labelled.root, [("a", "1", "I ADORED THIS FILM", 2.4, "train"), *MOSI[1:]])
    done = labelled.run("labels", "--dry-run")
    jobs = sorted((name, wildcards.get("dataset", "")) for name, wildcards in done.jobs if name != "labels")
    assert jobs == [("embed", "mosi"), ("label_quality", ""), ("universal_labels", "")]


@pytest.mark.slow
def test_packs_of_a_union_are_joined_for_training(labelled, tmp_path):
    project = labelled.copy_to(tmp_path / "joint")
    project.configure(datasets=["mosi", "meld"], packs=["text_50"], models=["unimse"], joint=True)
    done = project.run("packs")
    assert done.status == 0, done.output
    packs = project.processed / "mosi_meld" / "packs"
    card = read_card(packs / "text_50.json")
    assert card.members == {"mosi": "mosi", "meld": "emotion"}
    assert [row.clip_id for row in card.dropped] == ["mosi/a$_$2"]
    train = read_split(packs / "text_50.h5", "train")
    assert dict(zip(train.ids, train.annotations, strict=True)) == {
        "mosi/a$_$1": "joy",
        "meld/train_dia0$_$utt0": "joy",
    }
    project.configure(datasets=["mosi"])
    assert "joint training needs packs of meld; add it to datasets" in project.run("packs").output
