"""Real tables of MOSI and MELD, without any video: donors, signs, ids, the published rule's faults, damaged settings.

Vectors are made of hashes here: none of these facts may depend on an encoder.
"""

import csv
import json
import shutil
from hashlib import sha256

import numpy as np
import pytest

from models.layers.universal_label import emotions_of
from pipeline.core.errors import ConfigError, RawDataError
from pipeline.core.paths import Layout
from pipeline.labels.embeddings import Embeddings, write_embeddings
from pipeline.labels.table import COLUMNS, read_labels
from pipeline.labels.union_settings import read_union, read_union_settings
from pipeline.steps import labels
from pipeline.workflow.job_files import Workflow

pytestmark = pytest.mark.slow  # labels of whole datasets

UNION = {"unions": ["mosi_meld"]}


def hashed_vectors(rows):
    keys = sorted({row.text_key for row in rows if row.text})
    vectors = np.array([np.frombuffer(sha256(key.encode()).digest(), np.int8) for key in keys], np.float32)
    return Embeddings("hashed", tuple(keys), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.fixture(scope="module")
def union(shared_data, tmp_path_factory):
    """The union's labels, made from folders that hold label tables and nothing else."""
    root = tmp_path_factory.mktemp("union")
    (root / "raw" / "mosi").mkdir(parents=True)
    shutil.copy(shared_data / "texts" / "mosi_label.csv", root / "raw" / "mosi")
    (root / "raw" / "meld").symlink_to(shared_data / "texts" / "meld")
    layout = Layout(root / "processed")
    plan = Workflow({**UNION, "raw": str(root / "raw"), "processed": str(layout.processed)}, scan_now=True)
    rows = read_union(plan.unions["mosi_meld"], layout)
    for path in plan.embeddings("mosi_meld", plan.unions["mosi_meld"].encoders):
        write_embeddings(path, hashed_vectors([row for row in rows if row.dataset == path.stem]))
    labels.run(union="mosi_meld", processed=layout.processed)
    return layout


@pytest.fixture(scope="module")
def table(union):
    with union.union("mosi_meld").labels.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def report(union):
    return json.loads(union.union("mosi_meld").report.read_text())


def test_every_row_of_both_tables_is_labelled_once(table):
    assert len(table) == 2199 + 13708
    assert len({(row["dataset"], row["split"], row["id"]) for row in table}) == len(table)
    assert tuple(table[0]) == COLUMNS


def test_no_label_has_the_wrong_sign_and_all_are_on_the_grid(table, report):
    for row in table:
        value = float(row["intensity"])
        assert row["polarity"] == ("negative" if value < 0 else "positive" if value > 0 else "neutral")
        assert row["intensity"] == f"{value:.1f}"
        assert row["emotion_meld"] in emotions_of("meld", row["polarity"])
    assert set(report["consistency"].values()) == {0}


def test_every_donor_is_a_train_row_of_like_polarity_with_a_value_of_its_own(table):
    rows = {f"{row['dataset']}/{row['split']}/{row['id']}": row for row in table}
    borrowed = [(row, field) for row in table for field in ("intensity", "emotion_meld") if row[f"{field}_donor"]]
    assert len(borrowed) == 5279 + 639 + 1354 + 1231 + 216 + 656  # all that are not neutral
    for row, field in borrowed:
        donor = rows[row[f"{field}_donor"]]
        assert (donor["split"], donor["polarity"], donor[f"{field}_source"]) == ("train", row["polarity"], "gold")


def test_neutral_rows_are_labelled_by_rule(table):
    ruled = [row for row in table if "rule" in (row["intensity_source"], row["emotion_meld_source"])]
    assert len(ruled) == 6436 + 96
    assert {(row["polarity"], row["intensity"], row["emotion_meld"]) for row in ruled} == {
        ("neutral", "0.0", "neutral")
    }


def test_the_published_rule_gives_the_wrong_signs_that_its_files_have(report):
    wrong = {row["split"]: row["wrong_sign"] for row in report["legacy_v3"]}
    assert wrong == {"train": 681, "valid": 367, "test": 709}
    assert all(row["donors_outside_train"] > 0 for row in report["legacy_v3"])


def test_labels_are_read_back_as_they_were_written(union, table):
    labels = read_labels(union.union("mosi_meld").labels)
    label = labels["meld", "train", "train_dia0$_$utt0"]
    assert (label.polarity, label.tenths, label.meld, label.iemocap) == ("neutral", 0, "neutral", None)
    assert len(labels) == len(table)


def test_the_same_folders_without_media_are_refused_where_media_are_needed(union):
    raw = union.processed.parent / "raw"
    with pytest.raises(RawDataError, match="none of 2199 media files is there"):
        Workflow({"datasets": ["mosi"], "raw": str(raw), "processed": str(union.processed)}, scan_now=True)


def test_settings_that_are_not_a_unions_are_refused(tmp_path):
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"settings\.json"):
        read_union_settings(tmp_path / "settings.json")
