import sys

import pytest

from pipeline.config.settings import DatasetConfig
from pipeline.core.errors import ConfigError, RawDataError
from pipeline.scanning.generator import generate_raw
from pipeline.scanning.reading import open_raw

DEMO = DatasetConfig(generator="demo")


@pytest.fixture
def python(tmp_path, monkeypatch):
    """Replaces the interpreter: makes the folder after ``--output``, unless a test replaces it."""
    script = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(script))

    def write(content: str) -> None:
        script.write_text(f"#!/bin/sh\n{content}\n")
        script.chmod(0o755)

    write('[ "$1 $2 $3 $4" = "-m pipeline demo --output" ] && mkdir -p "$5"')
    return write


def test_an_absent_raw_folder_is_generated_and_reported(tmp_path, python, capsys):
    generate_raw("demo", DEMO, tmp_path / "raw" / "demo")
    assert (tmp_path / "raw" / "demo").is_dir()
    assert "making it with: python -m pipeline demo --output" in capsys.readouterr().err


def test_existing_raw_data_is_left_alone(tmp_path, python):
    python("exit 1")
    generate_raw("demo", DEMO, tmp_path)
    generate_raw("demo", DatasetConfig(), tmp_path / "absent")


def test_a_dry_run_generates_nothing(tmp_path, python):
    with pytest.raises(RawDataError, match=r"no folder .*; a run makes it with: python -m pipeline demo --output"):
        generate_raw("demo", DEMO, tmp_path / "demo", dry_run=True)
    assert not (tmp_path / "demo").exists()


def test_a_generator_that_fails_ends_the_run_with_its_command(tmp_path, python):
    python("exit 3")
    with pytest.raises(RawDataError, match="the generator ended with status 3; to see why: python -m pipeline demo"):
        generate_raw("demo", DEMO, tmp_path / "demo")


def test_an_unknown_generator_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"no step 'dmeo' .*did you mean 'demo'"):
        generate_raw("demo", DatasetConfig(generator="dmeo"), tmp_path / "demo")


def test_check_names_the_command_too(tmp_path):
    with pytest.raises(RawDataError, match=r"make it with: python -m pipeline demo --output"):
        open_raw("demo", DEMO, tmp_path / "demo")
