"""A rerun does only what changed. Every case starts from a copy of one finished project."""

import csv
import shutil
from pathlib import Path

import pytest

from tests.support.project import derived_files

EXTRACTORS = {"bert", "egemaps", "face"}


@pytest.fixture
def project(packed, tmp_path):
    return packed.copy_to(tmp_path / "project")


def clip_files(project):
    return sorted((project.root / "raw" / "demo" / "Raw").rglob("*.mp4"))


def edit_table(project, change):
    """Rewrite the label table row by row; a row for which ``change`` returns None is removed."""
    path = project.root / "raw" / "demo" / "label.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    changed = [row for row in (change(dict(row)) for row in rows) if row is not None]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(changed)
    return rows


def test_again_runs_nothing(project):
    done = project.run("packs")
    assert done.status == 0, done.output
    assert not done.jobs


def test_touched_files_run_nothing(project):
    for path in (project.root / "raw").rglob("*"):
        path.touch()
    done = project.run("packs")
    assert done.status == 0, done.output
    assert not done.jobs


def test_an_edited_clip_is_computed_once_by_each_extractor_that_sees_it(project):
    first, second = clip_files(project)[:2]
    shutil.copyfile(second, first)
    done = project.run("packs")
    assert done.status == 0, done.output
    assert done.extracted() == {"egemaps": 1, "face": 1}
    assert done.counts["face"]["computed"] == done.counts["egemaps"]["computed"] == 1
    assert done.rules()["pack"] == 1
    assert "demo/egemaps: 1 clip computed, 7 reused, 0 failed" in done.output


def test_an_edited_transcript_is_computed_in_text_alone(project):
    first = []

    def change(row):
        if not first:
            first.append(row["clip_id"])
            row["text"] = "Quite another sentence."
        return row

    edit_table(project, change)
    done = project.run("packs")
    assert done.status == 0, done.output
    assert done.extracted() == {"bert": 1}
    assert done.counts["bert"] == {"reused": 7, "computed": 1, "failed": 0}


def test_an_edited_label_starts_no_extraction(project):
    edit_table(project, lambda row: {**row, "label": "0.5"})
    done = project.run("--dry-run", "train_all")
    assert done.status == 0, done.output
    assert set(done.rules()) == {"gate", "quarantine", "pack", "train", "evaluate", "results", "compare", "report_page"}
    done = project.run("packs")
    assert set(done.rules()) == {"gate", "quarantine", "pack"}


def test_a_removed_and_an_added_clip_touch_one_shard_each(project, packed):
    removed = []

    def remove_one(row):
        if not removed and row["mode"] == "train":
            removed.append(row)
            return None
        return row

    rows = edit_table(project, remove_one)
    done = project.run("packs")
    assert done.status == 0, done.output
    assert done.extracted() == dict.fromkeys(EXTRACTORS, 1)
    assert all(counts["computed"] == 0 for counts in done.counts.values())

    table = project.root / "raw" / "demo" / "label.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    done = project.run("packs")
    assert done.extracted() == dict.fromkeys(EXTRACTORS, 1)
    assert all(counts["computed"] == 1 for counts in done.counts.values())
    assert derived_files(project.root) == derived_files(packed.root), "there and back again must change no byte"


def test_a_changed_audio_setting_recomputes_audio_alone(project):
    project.configure(features={"egemaps": {"functionals": True}})
    done = project.run("packs")
    assert done.status == 0, done.output
    assert done.extracted() == {"egemaps": 1}
    assert done.counts["egemaps"]["computed"] == 8
    assert done.rules()["pack"] == 1


def test_a_raised_version_recomputes_that_extractor_alone(project, tmp_path, repository):
    code = tmp_path / "code"
    for name in ("pipeline", "models", "rules", "profiles", "config", "Snakefile"):
        source = repository / name
        if source.is_dir():
            shutil.copytree(source, code / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, code / name)
    path = code / "pipeline" / "extractors" / "egemaps.py"
    text = path.read_text()
    assert "\nVERSION = 1\n" in text
    path.write_text(text.replace("\nVERSION = 1\n", "\nVERSION = 1001\n"))
    done = project.run("--dry-run", "packs", snakefile=code / "Snakefile")
    assert done.status == 0, done.output
    assert done.extracted() == {"egemaps": 1}


def test_a_damaged_store_is_made_again_with_the_same_bytes(project, packed):
    store = next((project.processed / "demo" / "features" / "face").glob("*.h5"))
    store.write_bytes(store.read_bytes()[:1000])
    done = project.run("packs", "--forcerun", str(store.relative_to(project.root)))
    assert done.status == 0, done.output
    assert done.counts["face"]["computed"] > 0
    assert derived_files(project.root) == derived_files(packed.root)


def test_a_shard_that_was_killed_half_way_keeps_its_finished_clips(project, packed):
    features = project.processed / "demo" / "features" / "face"
    store = max(features.glob("*.h5"), key=lambda path: path.stat().st_size)
    spool = Path(f"{store.with_suffix('')}.spool")
    spool.mkdir()
    store.rename(spool / "00000.h5")  # what a job had finished when it was killed
    shutil.rmtree(project.processed / "demo" / "packs")
    shutil.rmtree(project.processed / "demo" / "quarantine")
    done = project.run("packs")
    assert done.status == 0, done.output
    assert done.counts["face"]["computed"] == 0
    assert not spool.exists()
    assert derived_files(project.root) == derived_files(packed.root)
