"""The audit finds no fault in a finished run, and each deliberate corruption of it."""

import json
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.__main__ import main
from pipeline.audit.again import check_again
from pipeline.audit.audit import Scope, Subject, audit
from pipeline.audit.evidence import read_extracted
from pipeline.audit.expected import ExpectedTasks
from pipeline.audit.table import rows_of
from pipeline.config.settings import DatasetConfig
from pipeline.scanning.reading import open_raw

EVERY_CLIP = Scope(clips=99, again=False)


@dataclass
class Dataset:
    """A dataset that the workflow has packed; one of its clips is quarantined."""

    raw: Path
    root: Path
    lost: str

    def pack(self, suffix: str) -> Path:
        return self.root / "packs" / f"unaligned_50.{suffix}"

    def store(self, extractor: str) -> Path:
        """A store with two clips at least."""
        for path in sorted((self.root / "features" / extractor).glob("*.h5")):
            with h5py.File(path) as file:
                if len(file["clips"]) > 1:
                    return path
        raise AssertionError(extractor)

    def faults(self) -> str:
        result = audit(Subject("demo", DatasetConfig(), self.raw, self.root), EVERY_CLIP)
        return "\n".join(str(fault) for fault in result.faults)


@pytest.fixture(scope="module")
def finished(packed, tmp_path_factory):
    project = packed.copy_to(tmp_path_factory.mktemp("audited") / "project")
    media = sorted((project.root / "raw" / "demo" / "Raw").rglob("*.mp4"))
    rows = (project.root / "raw" / "demo" / "label.csv").read_text().splitlines()
    lost = next(path for path in media if any(_is_train(row, path) for row in rows))
    lost.unlink()
    project.configure(max_failed_fraction=1.0)
    done = project.run("packs")
    assert done.status == 0, done.output
    return project, f"{lost.parent.name}$_${lost.stem}"


def _is_train(row: str, media: Path) -> bool:
    return row.startswith(f"{media.parent.name},{media.stem},") and ",train" in row


@pytest.fixture
def dataset(finished, tmp_path):
    project, lost = finished
    shutil.copytree(project.root / "raw" / "demo", tmp_path / "raw" / "demo")
    shutil.copytree(project.processed / "demo", tmp_path / "processed" / "demo")
    return Dataset(tmp_path / "raw" / "demo", tmp_path / "processed" / "demo", lost)


def clip_in(path, place=0):
    with h5py.File(path) as file:
        return sorted(file["clips"])[place]


def flip_value(dataset):
    store = dataset.store("egemaps")
    with h5py.File(store, "r+") as file:
        file["clips"][clip_in(store)]["values"][3, 5] += 1.0


def swap_clips(dataset):
    store = dataset.store("face")
    with h5py.File(store, "r+") as file:
        clips, first, second = file["clips"], clip_in(store, 0), clip_in(store, 1)
        for name in ("values", "mask", "times"):
            clips.move(f"{first}/{name}", f"{first}/moved_{name}")
            clips.move(f"{second}/{name}", f"{first}/{name}")
            clips.move(f"{first}/moved_{name}", f"{second}/{name}")


def lose_a_stored_clip(dataset):
    store = dataset.store("bert")
    with h5py.File(store, "r+") as file:
        del file["clips"][clip_in(store)]


def alter_key(dataset):
    store = dataset.store("bert")
    with h5py.File(store, "r+") as file:
        file["clips"][clip_in(store)].attrs["key"] = "0" * 64


def store_a_clip_twice(dataset):
    store = dataset.store("egemaps")
    shutil.copyfile(store, store.with_name("fff.h5"))


def alter_settings(dataset):
    path = dataset.root / "settings" / "features" / "egemaps.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "settings": {"functionals": True}}))


def damage_a_store(dataset):
    store = dataset.store("egemaps")
    store.write_bytes(store.read_bytes()[:900])


def edit_packs(dataset, key, change):
    """Change one array of the train split in the HDF5 and in the pickle alike."""
    with h5py.File(dataset.pack("h5"), "r+") as file:
        array = change(file["train"][key][()])
        del file["train"][key]
        file["train"][key] = array
    with dataset.pack("pkl").open("rb") as file:
        content = pickle.load(file)
    decoded = np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array
    content["train"][key] = decoded
    dataset.pack("pkl").write_bytes(pickle.dumps(content, protocol=4))


def first_row(value):
    def change(array):
        array[0] = value
        return array

    return change


def drop_row(dataset):
    with h5py.File(dataset.pack("h5")) as file:
        keys = list(file["train"])
    for key in keys:
        edit_packs(dataset, key, lambda array: array[1:])
    card = json.loads(dataset.pack("json").read_text())
    card["num_clips"]["train"] -= 1
    dataset.pack("json").write_text(json.dumps(card))


def repeat_id(dataset):
    edit_packs(dataset, "id", lambda array: np.r_[array[1:2], array[1:]])


def mask_rows(dataset):
    def change(array):
        array[0, 2] = ~array[0, 2]
        return array

    edit_packs(dataset, "vision_mask", change)


def change_split(dataset):
    with h5py.File(dataset.pack("h5"), "r+") as file:
        file.move("valid", "moved")
        file.move("test", "valid")
        file.move("moved", "test")


def edit_quarantine(dataset, change):
    path = dataset.root / "quarantine.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in change(lines)))


def forget_reason(dataset):
    edit_quarantine(dataset, lambda lines: [{**line, "reason": " "} for line in lines])


def stale_raw(dataset):
    media = sorted((dataset.raw / "Raw").rglob("*.mp4"))
    media[0].write_bytes(media[0].read_bytes() + b"edited later")


def add_raw_row(dataset):
    with (dataset.raw / "label.csv").open("a") as file:
        file.write("new_video,1,a row that came later,1.0,,,,Positive,train\n")


def edit_transcript(dataset):
    path = dataset.raw / "label.csv"
    path.write_text(path.read_text().replace(" the ", " a "))


CORRUPTIONS = [
    (flip_value, "audio is not what the stores give"),
    (swap_clips, "vision is not what the stores give"),
    (lose_a_stored_clip, "neither stored nor quarantined"),
    (alter_key, "made of another raw file, text or settings"),
    (store_a_clip_twice, "is in two stores"),
    (alter_settings, "is not that of its settings"),
    (damage_a_store, "cannot be read as a store"),
    (drop_row, "neither in the pack nor left out by its card"),
    (repeat_id, "appears 2 times in the pack"),
    (mask_rows, "vision_mask is not what the stores give"),
    (change_split, "split is 'valid', by the table 'test'"),
    (lambda data: edit_packs(data, "regression_labels", first_row(2.75)), "regression_labels is 2.75, by the table"),
    (lambda data: edit_packs(data, "classification_labels", lambda a: 2 - a), "classification_labels is"),
    (lambda data: edit_packs(data, "raw_text", first_row(b"Other words.")), "raw_text is 'Other words.', by the table"),
    (lambda data: edit_packs(data, "text_bert", lambda a: a[:, ::-1]), "text_bert is not what the stores give"),
    (lambda data: edit_packs(data, "audio_lengths", lambda a: a - 1), "audio_lengths is not what the stores give"),
    (lambda data: data.pack("pkl").write_bytes(b"\x80\x04N."), "unaligned_50.pkl: expected"),
    (lambda data: edit_quarantine(data, lambda lines: []), "left out for a reason that the quarantine does not give"),
    (lambda data: edit_quarantine(data, lambda lines: [*lines, *lines]), "the same line appears 2 times"),
    (forget_reason, "no reason"),
    (stale_raw, "made of another raw file, text or settings"),
    (add_raw_row, "new_video$_$1: neither stored nor quarantined"),
    (edit_transcript, "raw_text is"),
]


@pytest.mark.parametrize(("corrupt", "message"), CORRUPTIONS, ids=range(len(CORRUPTIONS)))
def test_each_corruption_is_a_fault(dataset, corrupt, message):
    corrupt(dataset)
    assert message in dataset.faults()


def test_a_finished_run_has_no_fault(dataset, monkeypatch, capsys):
    monkeypatch.chdir(dataset.root.parents[1])
    assert main(["audit", "demo", "--sample", "1"]) == 0
    output = capsys.readouterr().out
    assert "8 rows; unaligned_50: 7 clips packed, 1 left out with a reason; 1 compared with the stores" in output
    assert "extracted again: 1 by bert, 1 by egemaps, 1 by face" in output
    assert dataset.faults() == ""


def test_the_exit_status_is_1_and_each_fault_is_one_line(dataset, monkeypatch, capsys):
    stale_raw(dataset)
    monkeypatch.chdir(dataset.root.parents[1])
    assert main(["audit", "demo", "--no-extract"]) == 1
    output = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in output[:2]] == ["fault", "fault"]
    assert output[-1] == "2 faults"
    assert main(["audit", "demo", "--no-extract", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["faults"]) == 2


def test_extracting_again_finds_a_value_that_the_raw_file_does_not_give(dataset):
    flip_value(dataset)
    config = DatasetConfig()
    rows = rows_of(open_raw("demo", config, dataset.raw).read(), config)
    stores = read_extracted(dataset.root, "egemaps")
    flipped = clip_in(dataset.store("egemaps"))
    tasks = ExpectedTasks(rows, config, dataset.raw).of("egemaps", stores.settings["identity"])
    assert [str(fault) for fault in check_again([tasks[flipped]], stores)] == [
        f"features/egemaps {flipped}: values differ from those extracted again from the raw data"
    ]
