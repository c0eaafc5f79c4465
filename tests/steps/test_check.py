"""``check``: its summary of a raw dataset, and its message for each fault."""

import subprocess

import imageio_ffmpeg
import pytest

from pipeline.__main__ import main

HEADER = "video_id,clip_id,text,label,annotation,mode\n"
ROWS = ["v0,000,good words,1,Positive,train", "v1,001,bad words,-1,Negative,valid", "v2,002,some words,0,Neutral,test"]


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """One second of a test picture and a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    sources = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=1", "-f", "lavfi", "-i", "sine=r=16000:d=1"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *sources, str(path)], check=True)
    return path


@pytest.fixture
def raw(tmp_path, clip, monkeypatch):
    """A project of one sound dataset."""
    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "raw" / "toy"
    for row in ROWS:
        video, part = row.split(",")[:2]
        folder = raw / "Raw" / video
        folder.mkdir(parents=True)
        (folder / f"{part}.mp4").write_bytes(clip.read_bytes())
    (raw / "label.csv").write_text(HEADER + "\n".join(ROWS) + "\n")
    configure(tmp_path, "reader: table\n")
    return raw


def configure(root, text):
    path = root / "config" / "datasets" / "toy.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def check(capsys, *arguments):
    status = main(["check", "toy", *arguments])
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def test_a_sound_dataset_is_described_without_a_word_of_blame(raw, capsys):
    status, output = check(capsys)
    assert status == 0
    for fact in (
        "3 of 3 videos",
        "train 1, valid 1, test 1",
        "64x48 3; 25 fps 3",
        "16000 Hz 3",
        "clips of 1.0 to 1.0 s",
    ):
        assert fact in output
    assert "label +0.43 to +1.29" in output
    assert "0 errors, 0 warnings" in output


def test_an_unreadable_an_absent_and_a_silent_clip_are_warnings_and_too_many_of_them_an_error(raw, capsys, tmp_path):
    (raw / "Raw/v0/000.mp4").write_bytes(b"\x00\x01nonsense" * 50)
    (raw / "Raw/v1/001.mp4").unlink()
    (raw / "label.csv").write_text((raw / "label.csv").read_text().replace("some words", ""))
    status, output = check(capsys)
    assert status == 1
    assert "warning: label.csv line 2 (v0$_$000): v0/000.mp4: cannot be read as media" in output
    assert "warning: label.csv line 3 (v1$_$001): Raw/v1/001.*: not in the raw folder" in output
    assert "warning: label.csv line 4 (v2$_$002): no text" in output
    assert "error: 3 of 3 clips have problems, more than max_failed_fraction 0.05 allows" in output
    (tmp_path / "config.yaml").write_text("datasets: [toy]\nmax_failed_fraction: 1.0\n")
    status, output = check(capsys, "--configfile", "config.yaml")
    assert status == 0
    assert "0 errors, 3 warnings" in output


def test_without_probing_only_the_presence_of_files_is_seen(raw, capsys):
    (raw / "Raw/v0/000.mp4").write_bytes(b"\x00\x01nonsense" * 50)
    status, output = check(capsys, "--no-probe")
    assert status == 0
    assert "3 files are there, 0 opened" in output


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("v1,001", "../x,001", "error: label.csv line 3 (../x$_$001): id '../x' could lead out of its folder"),
        ("words,-1", "words,-7", "sentiment -7.0; expected -3 to 3"),
        (",valid", ",holdout", "split 'holdout'; expected one of train, valid, test"),
        (",valid", ",train", "error: no clip in split valid"),
        ("bad words", "much " * 30, "149 characters of text in 1.00 s; too much for speech"),
    ],
)
def test_every_faulty_row_is_named_with_its_line(raw, capsys, old, new, message):
    table = (raw / "label.csv").read_text()
    assert old in table
    (raw / "label.csv").write_text(table.replace(old, new, 1))
    status, output = check(capsys)
    assert message in output
    assert status == 1, "a fault, or more clips in the quarantine than allowed"


def test_a_segment_past_the_end_is_found_in_the_header(raw, capsys, tmp_path):
    configure(tmp_path, "reader: table\noptions: {media: 'Raw/{video_id}/000'}\nsplits_may_share_videos: true\n")
    rows = ["v0,a,one,1,,train,0,0.5", "v0,b,two,1,,valid,0.5,5", "v0,c,three,1,,test,9,10"]
    (raw / "label.csv").write_text(HEADER.strip() + ",start_s,end_s\n" + "\n".join(rows))
    status, output = check(capsys)
    assert status == 1
    assert "line 3 (v0$_$b): v0/000.mp4: segment ends at 5.00 s but the file lasts 1.0" in output
    assert "line 4 (v0$_$c): v0/000.mp4: segment starts at 9.00 s but the file lasts 1.0" in output
    assert "line 2" not in output


def test_files_without_sound_or_pictures_are_named(raw, capsys):
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i"]
    subprocess.run([*ffmpeg, "testsrc=s=64x48:d=1", str(raw / "Raw/v0/000.mp4")], check=True)
    subprocess.run([*ffmpeg, "sine=d=1", str(raw / "Raw/v1/001.mp4")], check=True)
    _, output = check(capsys)
    assert "Raw/v0/000.mp4: has no sound" in output
    assert "Raw/v1/001.mp4: has no pictures" in output


def test_long_lists_are_cut_short_unless_asked_for(raw, capsys):
    rows = [f"v{i},00{i},words,9,,train" for i in range(60)]
    (raw / "label.csv").write_text(HEADER + "\n".join(rows))
    _, output = check(capsys)
    assert "error: no clip in split valid" in output, "what concerns the whole dataset comes first"
    assert "error: ... and 13 more; see them with --all" in output
    _, output = check(capsys, "--all")
    assert "line 61 (v59$_$0059)" in output


def test_a_wrong_folder_is_one_line(raw, capsys):
    raw.rename(raw.with_name("tory"))
    status, output = check(capsys)
    assert status == 2
    assert output == "error: dataset toy: no folder raw/toy; the folder contains tory/; put the raw data there\n"


def test_media_in_another_folder_than_expected_are_one_error(raw, capsys):
    (raw / "Raw").rename(raw / "Videos")
    status, output = check(capsys)
    assert status == 1
    assert "error: raw/toy: none of 3 media files is there; expected files like Raw/v0/000.*" in output
    assert "the folder contains Videos/, label.csv" in output
