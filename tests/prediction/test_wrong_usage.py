"""Wrong usage of predict: each case is one clear line, reported before anything is loaded."""

import shutil

import pytest

from pipeline.__main__ import main


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with two videos (never opened here), a run that is none, and some transcripts."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp4", "words.doc"):
        (tmp_path / name).write_bytes(b"\0")
    (tmp_path / "empty").mkdir()
    (tmp_path / "untrained").mkdir()
    (tmp_path / "untrained" / "config.yaml").write_text("model: amccl\n")
    (tmp_path / "foreign").mkdir()
    for name in ("config.yaml", "best.safetensors"):
        shutil.copy(tmp_path / "untrained" / "config.yaml", tmp_path / "foreign" / name)
    tables = {
        "good.csv": "video,text\na.mp4,hello\n",
        "others.csv": "video,text\nc.mp4,hello\n",
        "twice.csv": "video,text\na,hello\na,bye\n",
        "columns.csv": "file,words\na,hello\n",
        "empty.csv": "",
        "blank.txt": " \n",
        "a.srt": "no cue",
    }
    for name, content in tables.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    return tmp_path


CASES = [
    ("run", [], "no video was given; expected files or folders"),
    ("run", ["c.mp4"], "c.mp4: no such file or folder"),
    ("run", ["empty"], "empty: no video in this folder"),
    ("run", ["a.mp4", "./a.mp4"], "a.mp4 is named twice"),
    ("run", ["a.mp4", "b.mp4", "--text", "hi"], "--text is for one video, 2 were given"),
    ("run", ["a.mp4", "b.mp4", "--transcript", "blank.txt"], "blank.txt is for one video, 2 were given"),
    ("run", ["a.mp4", "--text", "hi", "--transcript", "good.csv"], "both --text and --transcript"),
    ("run", ["a.mp4", "--text", "  "], "--text is blank"),
    ("run", ["a.mp4", "--transcript", "absent.txt"], "absent.txt: no such transcript"),
    ("run", ["a.mp4", "--transcript", "words.doc"], "words.doc: unknown kind of transcript; expected .txt"),
    ("run", ["a.mp4", "--transcript", "blank.txt"], "blank.txt: no words in this file"),
    ("run", ["a.mp4", "--transcript", "latin.txt"], "latin.txt: byte 3 is not UTF-8"),
    ("run", ["a.mp4", "--transcript", "others.csv"], "others.csv: names none of the 1 videos"),
    ("run", ["a.mp4", "--transcript", "twice.csv"], "twice.csv line 3: a occurs twice"),
    ("run", ["a.mp4", "--transcript", "columns.csv"], "columns file, words; expected video and text"),
    ("run", ["a.mp4", "--transcript", "empty.csv"], "columns nothing; expected video and text"),
    ("run", ["a.mp4"], "a.srt: no cues"),
    ("run", ["b.mp4", "--output", "absent/out.json"], "out.json: cannot be written"),
    ("run", ["b.mp4", "--card", "absent/out.html"], "out.html: cannot be written"),
    ("run", ["b.mp4", "--card", "out.pdf"], "out.pdf: a page of cards is HTML"),
    ("run", ["b.mp4"], "run: no such folder; expected a run"),
    ("empty", ["b.mp4"], "empty: no config.yaml"),
    ("untrained", ["b.mp4"], "untrained: no best.safetensors, the training has not ended"),
    ("foreign", ["b.mp4"], "config.yaml: key 'version' is missing"),
]


@pytest.mark.parametrize(("run", "words", "message"), CASES)
def test_wrong_usage_is_one_clear_line(place, capsys, run, words, message):
    assert main(["predict", run, *words]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert message in output.err.splitlines()[0]
    assert output.err.count("\n") == 1
