"""Bad clips end in the quarantine with clip, modality, stage and reason; the others go on; no row is lost."""

import csv
import subprocess

import imageio_ffmpeg
import pytest

from pipeline.pack.files import read_card, read_split
from pipeline.types import SPLITS


def ffmpeg(*arguments):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def mangle(clips):
    """Break train clips, one way each. Returns what was done by clip number."""
    absent, garbage, no_audio, no_video, no_face = clips[:5]
    absent.unlink()
    garbage.write_bytes(b"this is no video\n" * 99)
    for clip, option in ((no_audio, "-an"), (no_video, "-vn")):
        part = clip.with_suffix(".part.mp4")
        ffmpeg("-i", clip, option, "-c", "copy", part)
        part.replace(clip)
    part = no_face.with_suffix(".part.mp4")
    ffmpeg("-i", no_face, "-vf", "drawbox=color=gray:t=fill", "-c:a", "copy", part)
    part.replace(no_face)
    return {"absent": absent, "garbage": garbage, "no_audio": no_audio, "no_video": no_video, "no_face": no_face}


@pytest.fixture(scope="module")
def mangled(new_project):
    """A project of sixteen clips of which six are bad, run with a limit that allows it."""
    from pipeline.demo.dataset import make_demo

    project = new_project("mangled")
    raw = project.root / "raw" / "demo"
    subprocess.run(["rm", "-r", str(raw)], check=True)
    make_demo(raw, num_clips=16, seed=5)
    with (raw / "label.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    train = [row for row in rows if row["mode"] == "train"]
    clips = [raw / "Raw" / row["video_id"] / f"{row['clip_id']}.mp4" for row in train]
    done = {what: f"{clip.parent.name}$_${clip.stem}" for what, clip in mangle(clips).items()}
    train[5]["text"] = "  "
    done["no_text"] = f"{train[5]['video_id']}$_${train[5]['clip_id']}"
    with (raw / "label.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    project.configure(max_failed_fraction=1.0)
    finished = project.run("packs")
    assert finished.status == 0, finished.output
    return project, done


def reasons(project, clip_id):
    return {
        (row["extractor"], row["stage"]): row["reason"] for row in project.quarantine() if row["clip_id"] == clip_id
    }


@pytest.mark.parametrize(
    ("what", "extractors", "word"),
    [
        ("absent", {"egemaps", "face"}, "not in the raw folder"),
        ("garbage", {"egemaps", "face"}, ""),
        ("no_audio", {"egemaps"}, "no audio"),
        ("no_video", {"face"}, "no video"),
        ("no_text", {"bert"}, "transcript is empty"),
    ],
)
def test_a_bad_clip_is_quarantined_by_those_who_cannot_read_it(mangled, what, extractors, word):
    project, done = mangled
    found = reasons(project, done[what])
    assert {extractor for extractor, _ in found} == extractors
    for (_, stage), reason in found.items():
        assert stage == "decode"
        assert word in reason
        assert "\n" not in reason
        assert str(project.root) not in reason, "no absolute path in outputs"


def test_a_clip_without_a_face_stays_in_the_pack_with_one_masked_row(mangled):
    project, done = mangled
    assert not reasons(project, done["no_face"])
    packs = project.processed / "demo" / "packs"
    assert read_card(packs / "unaligned_50.json").faceless == [done["no_face"]]
    train = read_split(packs / "unaligned_50.h5", "train")
    index = train.ids.index(done["no_face"])
    assert train.vision_lengths[index] == 1
    assert not train.vision[index].any()
    assert not train.vision_mask[index].any()


def test_every_row_of_the_table_is_in_the_pack_or_dropped_with_a_reason(mangled):
    project, done = mangled
    packs = project.processed / "demo" / "packs"
    card = read_card(packs / "unaligned_50.json")
    packed = [clip for split in SPLITS for clip in read_split(packs / "unaligned_50.h5", split).ids]
    with (project.root / "raw" / "demo" / "label.csv").open(newline="") as file:
        rows = [f"{row['video_id']}$_${row['clip_id']}" for row in csv.DictReader(file)]
    assert sorted([*packed, *(row.clip_id for row in card.dropped)]) == sorted(rows)
    assert {row.clip_id for row in card.dropped} == set(done.values()) - {done["no_face"]}
    assert all(row.reason for row in card.dropped)


def test_too_many_failures_stop_the_run_and_say_where_the_reasons_are(mangled, tmp_path):
    project = mangled[0].copy_to(tmp_path / "project")
    project.configure(max_failed_fraction=0.01)
    done = project.run("packs")
    assert done.status != 0
    assert "more than max_failed_fraction 0.01 allows" in done.output
    assert (project.processed / "demo" / "quarantine" / "face.refused.jsonl").is_file()


def test_a_mended_clip_leaves_the_quarantine(mangled, tmp_path, small_demo):
    project, done = mangled
    project = project.copy_to(tmp_path / "project")
    video, clip = done["garbage"].split("$_$")
    good = next((small_demo / "Raw").rglob("*.mp4"))
    (project.root / "raw" / "demo" / "Raw" / video / f"{clip}.mp4").write_bytes(good.read_bytes())
    finished = project.run("packs")
    assert finished.status == 0, finished.output
    assert not reasons(project, done["garbage"])
    assert finished.counts["egemaps"]["computed"] == 1


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
        ({"raw": "elsewhere"}, "no folder elsewhere/demo"),
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
