"""Too many bad clips stop a run, a repaired one is used again, and wrong settings stop it before any job."""

import re
import shutil

import pytest

from tools.corpus.dataset import KINDS, clip_of


def test_too_many_failures_stop_the_run_and_say_where_the_reasons_are(faulty, tmp_path):
    project = faulty.copy_to(tmp_path / "project")
    project.configure(max_failed_fraction=0.01)
    done = project.run("packs")
    assert done.status != 0
    assert "more than max_failed_fraction 0.01 allows" in done.output
    assert (project.processed / "demo" / "quarantine" / "face.refused.jsonl").is_file()
    assert re.search(r"^failed +gate demo/face, see processed/logs/gate/demo/face.log$", done.output, re.M)


def test_a_repaired_clip_leaves_the_quarantine(faulty, tmp_path):
    project = faulty.copy_to(tmp_path / "project")
    name = next(name for name, kind in KINDS.items() if kind.name == "random bytes")
    media = project.root / "raw" / "demo" / "Raw"
    (media / name / "1.mp4").write_bytes((media / "good_1" / "1.mp4").read_bytes())
    assert clip_of(name) in {row["clip_id"] for row in project.quarantine()}
    finished = project.run("packs")
    assert finished.status == 0, finished.output
    assert clip_of(name) not in {row["clip_id"] for row in project.quarantine()}
    assert finished.counts["egemaps"]["computed"] == finished.counts["face"]["computed"] == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("model: {chanels: 3}", "unknown key 'chanels'; did you mean 'channels'?"),
        ("model: {channels: many}", "channels is 'many'"),
        ("datasets: {demo: {training: {epoch: 3}}}", "unknown key 'training.epoch'; did you mean 'epochs'?"),
    ],
)
def test_a_wrong_model_setting_stops_before_any_extraction(packed, tmp_path, settings, message):
    project = packed.copy_to(tmp_path / "project")
    (project.root / "config" / "models").mkdir(parents=True)
    (project.root / "config" / "models" / "amccl.yaml").write_text(settings)
    done = project.run("--dry-run", "train_all")
    assert done.status != 0
    assert message in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"datasets": ["dmeo"]}, "no config/datasets/dmeo.yaml; did you mean 'demo'?"),
        ({"pakcs": ["unaligned_50"]}, "unknown key 'pakcs'; did you mean 'packs'?"),
        ({"models": ["amcl"]}, "no model 'amcl' in models/; did you mean 'amccl'?"),
        ({"datasets": ["mosi"]}, "no folder raw/mosi"),
        ({"features": {"egemaps": {"functional": True}}}, "unknown key 'functional'; did you mean 'functionals'?"),
    ],
)
def test_a_wrong_configuration_stops_before_any_job_in_one_line(packed, tmp_path, change, message):
    project = packed.copy_to(tmp_path / "project")
    project.configure(**change)
    done = project.run("packs")
    assert done.status != 0
    assert message in done.output
    assert "Traceback" not in done.output


def test_a_dry_run_names_the_command_that_makes_absent_raw_data(packed, tmp_path):
    project = packed.copy_to(tmp_path / "project")
    shutil.rmtree(project.root / "raw")
    done = project.run("--dry-run", "packs")
    assert done.status != 0
    assert "no folder raw/demo; a run makes it with: python -m pipeline demo --output raw/demo" in done.output
    assert not (project.root / "raw").exists()
