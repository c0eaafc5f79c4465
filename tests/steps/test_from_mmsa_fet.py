"""MMSA-FET's settings become ours where there is an equivalent; the others are reported."""

import json

import pytest
import yaml

from pipeline.__main__ import main
from pipeline.config.settings import PackConfig

CONFIG = {
    "audio": {"tool": "opensmile", "sample_rate": 16000, "args": {"feature_set": "ComParE_2016", "start": 1.5}},
    "video": {
        "tool": "mediapipe",
        "fps": 10,
        "average_over": 2,
        "args": {"face_mesh": {"refine_landmarks": True, "min_detection_confidence": 0.4}},
        "multiFace": {"enable": True},
        "visualize": False,
    },
    "text": {"model": "bert", "device": "cpu", "pretrained": "bert-base-uncased"},
    "align": {"tool": "wav2vec", "device": "cpu", "args": {"model_name": "my/ctc"}},
}


@pytest.fixture
def convert(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(config, *words):
        (tmp_path / "theirs.json").write_text(config if isinstance(config, str) else json.dumps(config))
        status = main(["from-mmsa-fet", "theirs.json", *words])
        return status, capsys.readouterr()

    return run


def test_settings_with_an_equal_come_over(convert, tmp_path):
    status, _ = convert(CONFIG, "--dataset", "mine")
    assert status == 0
    build = yaml.safe_load((tmp_path / "config" / "theirs.yaml").read_text())
    assert (build["datasets"], build["packs"]) == (["mine"], ["theirs"])
    assert build["features"] == {
        "face": {"landmarks": True, "min_detection": 0.4, "rate_hz": 10.0},
        "bert": {"weights": "bert-base-uncased", "device": "cpu"},
        "words_ctc": {"weights": "my/ctc", "device": "cpu"},
    }
    pack = PackConfig(**yaml.safe_load((tmp_path / "config" / "packs" / "theirs.yaml").read_text()))
    assert (pack.audio.extractor, pack.vision.rate_hz, pack.align.words) == ("compare", 5.0, "words_ctc")


def test_each_setting_without_an_equal_has_a_line(convert):
    _, output = convert(CONFIG)
    warnings = [line for line in output.out.splitlines() if line.startswith("warning: ")]
    assert [line.split(":")[1].split()[0] for line in warnings] == [
        "audio.args.start",
        "video.args.face_mesh",
        "video.multiFace",
        "video.visualize",
    ]


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        ({"audio": {"tool": "librosa", "args": {"n_fft": 512}}}, "audio.tool librosa: no equivalent"),
        ({"audio": {"tool": "librosa", "args": {"n_fft": 512}}}, "audio.args.n_fft 512: no equivalent"),
        ({"audio": {"tool": "opensmile", "sample_rate": 44100, "args": {}}}, "audio.sample_rate 44100: no equivalent"),
        ({"audio": {"tool": "opensmile", "args": {"feature_set": "eGeMAPSv01b"}}}, "the pack has egemaps instead"),
        ({"video": {"tool": "openface", "args": {"gaze": True}}}, "video.args.gaze True: no equivalent"),
        ({"text": {"model": "glove", "embedding_file": "g.txt"}}, "text.embedding_file g.txt: no equivalent"),
        ({"align": {"tool": "asr"}}, "align.tool asr: no equivalent"),
        ({"speed": 9}, "speed: no equivalent"),
    ],
)
def test_a_setting_without_an_equal_is_reported(convert, change, remark):
    status, output = convert({**CONFIG, **change})
    assert status == 0
    assert any(remark in line for line in output.out.splitlines())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("no json", "theirs.json: not readable JSON"),
        ("[]", "contains a list; expected sections audio, video, text, align"),
        ({"model": "mult"}, "no section audio, video, text, align; found model"),
        ({"video": {"tool": "mediapipe", "fps": 1000}}, "face: rate_hz is 1000"),
    ],
)
def test_what_is_no_such_file_is_refused_in_one_line(convert, config, message):
    status, output = convert(config)
    assert status == 2
    assert message in output.err
    assert output.err.count("\n") == 1


def test_nothing_is_overwritten(convert):
    convert(CONFIG)
    status, output = convert(CONFIG)
    assert status == 2
    assert "exists already" in output.err
