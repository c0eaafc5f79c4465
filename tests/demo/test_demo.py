"""The demo dataset: layout, determinism, truth of its word timings."""

import csv
import json
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.core.errors import ConfigError, RawDataError
from pipeline.demo.dataset import LABEL_COLUMNS, make_demo
from pipeline.demo.face import PICTURE_PX, Look, Pose, draw_face, load_portrait
from pipeline.demo.script import write_scripts
from pipeline.demo.voice import Prosody, speak
from pipeline.steps import demo as step

NUM_CLIPS = 8


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def split_words(text: str) -> list[str]:
    return text.replace(",", "").replace(".", "").split()


def clip_path(root: Path, row: dict[str, str]) -> Path:
    return root / "Raw" / row["video_id"] / f"{row['clip_id']}.mp4"


def decode_sound(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("raw") / "demo"
    make_demo(root, num_clips=NUM_CLIPS)
    return root


@pytest.mark.slow
def test_two_workers_write_the_same_bytes_as_one(demo: Path, tmp_path: Path) -> None:
    make_demo(tmp_path / "again", num_clips=NUM_CLIPS, workers=2)
    assert read_tree(tmp_path / "again") == read_tree(demo)


def test_another_seed_makes_other_clips() -> None:
    first, second = ([script.text for script in write_scripts(NUM_CLIPS, seed)] for seed in (1, 2))
    assert first != second


def test_label_table_has_the_columns_and_ranges_of_mmsa(demo: Path) -> None:
    rows = read_rows(demo / "label.csv")
    assert tuple(rows[0]) == LABEL_COLUMNS
    assert len(rows) == NUM_CLIPS
    for row in rows:
        labels = [float(row[name]) for name in ("label", "label_T", "label_A", "label_V")]
        assert all(-3 <= label <= 3 for label in labels)
        assert row["annotation"] == {-1: "Negative", 0: "Neutral", 1: "Positive"}[int(np.sign(labels[0]))]
        assert clip_path(demo, row).is_file()


@pytest.mark.parametrize("num_clips", [6, NUM_CLIPS, 64])
def test_no_video_is_in_two_splits_and_each_split_has_both_signs(num_clips: int) -> None:
    scripts = write_scripts(num_clips, seed=1)
    assert len(scripts) == num_clips
    split_of = {script.speaker.video_id: script.speaker.split for script in scripts}
    assert all(split_of[script.speaker.video_id] == script.speaker.split for script in scripts)
    for split in ("train", "valid", "test"):
        labels = [script.label for script in scripts if script.speaker.split == split]
        assert min(labels) < 0 < max(labels)


def test_full_demo_has_sixteen_test_clips_and_no_sentence_twice() -> None:
    scripts = write_scripts(64, seed=1)
    assert sum(script.speaker.split == "test" for script in scripts) >= 16
    assert len({script.text for script in scripts}) == 64
    assert all(5 <= len(split_words(script.text)) <= 12 for script in scripts)


def test_words_are_those_of_the_text_in_order_within_the_clip(demo: Path) -> None:
    words = read_rows(demo / "words.csv")
    for row in read_rows(demo / "label.csv"):
        mine = [w for w in words if (w["video_id"], w["clip_id"]) == (row["video_id"], row["clip_id"])]
        assert [w["word"] for w in mine] == split_words(row["text"])
        assert [int(w["index"]) for w in mine] == list(range(len(mine)))
        edges = np.array([(float(w["start_s"]), float(w["end_s"])) for w in mine])
        assert (edges[:, 0] < edges[:, 1]).all()
        assert (edges[:-1, 1] <= edges[1:, 0]).all()
        with av.open(str(clip_path(demo, row))) as container:
            assert edges[-1, 1] < container.duration / av.time_base


def test_clips_decode_to_25_pictures_a_second_and_as_much_sound(demo: Path) -> None:
    for row in read_rows(demo / "label.csv"):
        with av.open(str(clip_path(demo, row))) as container:
            video = container.streams.video[0]
            assert (video.codec_context.name, video.average_rate) == ("h264", 25)
            assert container.streams.audio[0].codec_context.name == "aac"
            frames = list(container.decode(video=0))
        assert (frames[0].width, frames[0].height) == (PICTURE_PX, PICTURE_PX)
        assert [frame.pts * frame.time_base for frame in frames] == pytest.approx(np.arange(len(frames)) / 25)
        assert len(decode_sound(clip_path(demo, row))) / 22_050 == pytest.approx(len(frames) / 25, abs=0.06)


def test_speech_begins_with_the_first_word_in_the_decoded_sound(demo: Path) -> None:
    words = read_rows(demo / "words.csv")
    for row in read_rows(demo / "label.csv"):
        first = next(w for w in words if (w["video_id"], w["clip_id"]) == (row["video_id"], row["clip_id"]))
        loud = np.abs(decode_sound(clip_path(demo, row))) > 0.01
        assert np.argmax(loud) / 22_050 == pytest.approx(float(first["start_s"]), abs=0.08)


def test_words_that_espeak_merges_get_times_of_their_own() -> None:
    _, words = speak("The story was a mess to be honest, and I hated all of it.", Prosody())
    times = {spoken.word: spoken for spoken in words}
    assert times["was"].start_s < times["was"].end_s == times["a"].start_s < times["a"].end_s
    assert times["to"].end_s == times["be"].start_s < times["be"].end_s
    assert times["honest"].end_s < times["and"].start_s


def test_earlier_sentences_do_not_change_the_sound() -> None:
    first, _ = speak("I loved the film.", Prosody())
    speak("The plot was awful.", Prosody(pitch=70))
    second, _ = speak("I loved the film.", Prosody())
    np.testing.assert_array_equal(first, second)


def test_open_jaw_darkens_the_mouth_and_leaves_the_hair_alone() -> None:
    look = Look()
    portrait = load_portrait(look)
    shut, wide = (draw_face(portrait, look, Pose(jaw=jaw)).astype(int) for jaw in (0.0, 1.0))
    assert wide[155:168, 120:135].mean() < shut[155:168, 120:135].mean() - 40
    np.testing.assert_array_equal(shut[:60], wide[:60])


@pytest.mark.slow
@pytest.mark.slow
def test_step_leaves_the_same_demo_untouched_and_replaces_another(tmp_path: Path) -> None:
    output = tmp_path / "demo"
    step.run(output=output, clips=6)
    written = (output / "label.csv").stat().st_ino
    step.run(output=output, clips=6)
    assert (output / "label.csv").stat().st_ino == written
    step.run(output=output, clips=7)
    assert json.loads((output / "demo.json").read_text())["clips"] == 7
    assert len(read_rows(output / "label.csv")) == 7


def test_other_peoples_data_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "label.csv").write_text("mine")
    with pytest.raises(RawDataError, match="other data"):
        make_demo(tmp_path, num_clips=NUM_CLIPS)
    assert (tmp_path / "label.csv").read_text() == "mine"


def test_too_few_clips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="6 or more"):
        make_demo(tmp_path / "demo", num_clips=3)
    assert not (tmp_path / "demo").exists()
