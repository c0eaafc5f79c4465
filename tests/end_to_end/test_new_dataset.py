"""``docs/new-dataset.md``, followed to the letter: its table, its YAML, its commands."""

import csv
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline.config.loading import validated
from pipeline.config.settings import DatasetConfig
from pipeline.packs.formats.files import read_pickle
from pipeline.readers.pickled import Options as PickledOptions
from pipeline.readers.table import Options
from tests.support.miniatures import demo_clips
from tests.support.project import REPOSITORY

PAGE = (REPOSITORY / "docs" / "new-dataset.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w/]+\.(?:csv|yaml))`:\n\n```\w+\n(.*?)```", PAGE, re.S))
SETTINGS = PAGE.partition("## Where yours differs")[2].partition("\n## ")[0]
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()]


@pytest.fixture(scope="module")
def project(tmp_path_factory, small_demo) -> Path:
    """A checkout with the page's files, and demo clips where the page's table wants videos."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("Snakefile", "rules", "profiles", "pipeline", "models"):
        (root / name).symlink_to(REPOSITORY / name)
    shutil.copytree(REPOSITORY / "config", root / "config")
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    raw = root / "raw" / "interviews"
    for row, clip in zip(rows(), demo_clips(small_demo), strict=False):
        path = raw / "Raw" / row["video_id"] / f"{row['clip_id']}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(clip.path, path)
    return root


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(FILES["raw/interviews/label.csv"])))


def test_the_page_shows_all_it_speaks_of():
    assert set(FILES) == {"raw/interviews/label.csv", "config/datasets/interviews.yaml", "config/interviews.yaml"}
    assert len(COMMANDS) == 3


def test_its_commands_make_a_pack_of_all_its_rows(project):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in COMMANDS:
        done = subprocess.run(
            shlex.split(command), cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if "check" in command:
            assert "0 errors, 0 warnings" in done.stdout
    splits = read_pickle(project / "processed" / "interviews" / "packs" / "unaligned_50.pkl")
    expected = {(f"{row['video_id']}$_${row['clip_id']}", row["mode"]) for row in rows()}
    assert {(clip_id, split) for split in splits for clip_id in splits[split]["id"]} == expected


@pytest.mark.parametrize("setting", re.findall(r"^\| [^|]+ \| (.*`.*) \|$", SETTINGS, re.M))
def test_every_setting_of_its_table_is_a_valid_one(setting):
    for text in re.findall(r"`([a-z_]+: [^`]+)`", setting):
        config = validated(DatasetConfig, yaml.safe_load(text), "docs/new-dataset.md")
        options = PickledOptions if "packs" in config.options else Options
        validated(options, config.options, "docs/new-dataset.md")
