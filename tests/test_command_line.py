"""Every command has help, with examples that its parser accepts."""

import json
import resource
import shlex

import numpy as np
import pytest

from pipeline.__main__ import main, parser_of
from pipeline.core import plugins
from pipeline.core.types import SPLITS
from pipeline.packs.formats.files import write_pickle
from tests.support.splits import make_split

COMMANDS = [name.replace("_", "-") for name in plugins.names("steps")]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_contains_an_example_that_the_parser_accepts(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "\nexample: python -m pipeline " in text
    lines = [line.removeprefix("example:").strip() for line in text.splitlines()]
    prefixes = [f"python -m pipeline {written}" for written in {name, name.replace("-", "_")}]
    examples = [line.removeprefix(prefix) for line in lines for prefix in prefixes if line.startswith(f"{prefix} ")]
    examples += ["" for line in lines if line in prefixes]
    assert examples
    for example in examples:
        parser_of(name).parse_args(shlex.split(example, comments=True))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_has_a_help_text(name):
    assert [action.dest for action in parser_of(name)._actions if not action.help] == []


def test_the_overview_lists_every_command_once(capsys):
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in lines if line.startswith("  ")) == sorted(COMMANDS)


@pytest.fixture
def pack(tmp_path):
    splits = {name: make_split(6, seed=seed, name=name) for seed, name in enumerate(SPLITS)}
    write_pickle(tmp_path / "toy.pkl", splits)
    broken = make_split(6, seed=1, name="valid")
    broken.audio[0, -1, 0] = np.nan
    write_pickle(tmp_path / "broken.pkl", {**splits, "valid": broken})
    (tmp_path / "text.pkl").write_text("no pack")
    return tmp_path


@pytest.mark.parametrize(("name", "status"), [("toy.pkl", 0), ("broken.pkl", 1), ("text.pkl", 2), ("absent.pkl", 2)])
def test_the_exit_status_of_inspect_shows_violations(pack, capsys, name, status):
    assert main(["inspect", str(pack / name)]) == status
    output = capsys.readouterr()
    assert "\x1b" not in output.out
    if status == 2:
        assert output.err.startswith("error: ")
        assert output.err.count("\n") == 1
        return
    assert main(["inspect", str(pack / name), "--json"]) == status
    described = json.loads(capsys.readouterr().out)
    assert described["splits"]["train"]["audio"].endswith("float32")
    assert any(finding["level"] == "error" for finding in described["findings"]) == bool(status)


def test_a_full_disk_is_a_one_line_error_and_leaves_no_file(pack, capsys):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        assert main(["convert", str(pack / "toy.pkl"), str(pack / "copy.pkl")]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "raise the limit (ulimit -f), then start again" in errors
    assert not list(pack.glob("copy*"))


def test_doctor_exits_with_1_if_something_is_missing(capsys):
    status = main(["doctor", "--json"])
    described = json.loads(capsys.readouterr().out)
    assert status == int(described["missing"] > 0)
    assert {"python", "torch", "extractor face"} <= {check["name"] for check in described["checks"]}
