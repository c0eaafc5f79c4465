"""``docs/new-extractor.md`` and ``docs/new-model.md``: their files, and their commands joined to save time."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.packs.formats.files import read_card
from tests.support.project import REPOSITORY

PAGES = {name: (REPOSITORY / "docs" / f"new-{name}.md").read_text(encoding="utf-8") for name in ("extractor", "model")}
COMMANDS = {
    "extractor": [
        "UPDATE_REFERENCE=1 python -m pytest -q tests/contracts/test_extractors.py -k loudness",
        "snakemake --cores 2 --config 'packs=[loud]' -- packs",
        "python -m pipeline inspect processed/demo/packs/loud.pkl",
    ],
    "model": [
        "python -m pytest -q tests/contracts/test_models.py -k mean_pool",
        "snakemake --cores 2 --config 'models=[mean_pool]' 'seeds=[1]' robustness=false -- processed/results.csv",
    ],
}
RUN = "processed/demo/runs/loud/mean_pool/1/metrics.json"
_COPIED = ("pipeline", "models", "rules", "profiles", "config", "tests", "Snakefile", "pyproject.toml")


@pytest.fixture(scope="module")
def checkout(packed, tmp_path_factory) -> Path:
    """The packed demo in a copy of the code, since a plug-in is a file beside the others; and the pages' files."""
    root = packed.copy_to(tmp_path_factory.mktemp("plugins") / "checkout").root
    for name in _COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, root / name)
    for page in PAGES.values():
        for path, content in re.findall(r"`([\w/]+\.(?:py|yaml))`:\n\n```\w+\n(.*?)```", page, re.S):
            assert not (root / path).exists()
            (root / path).write_text(content, encoding="utf-8")
    return root


def run(root: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(root), "UPDATE_REFERENCE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page_are_those_that_are_joined_here(name):
    blocks = re.findall(r"```sh\n(.*?)```", PAGES[name], re.S)
    assert [line for block in blocks for line in block.splitlines()] == COMMANDS[name]


def test_the_extractor_and_the_model_keep_their_contracts(checkout):
    files = ("tests/contracts/test_extractors.py", "tests/contracts/test_models.py")
    output = run(checkout, "pytest", "-q", *files, "-k", "loudness or mean_pool")
    assert int(re.search(r"(\d+) passed", output).group(1)) > 25


def test_the_model_is_trained_on_a_pack_of_the_extractor(checkout):
    config = ("packs=[loud]", "models=[mean_pool]", "seeds=[1]", "robustness=false")
    run(checkout, "snakemake", "--cores", "2", "--config", *config, "--", RUN)
    card = read_card(checkout / "processed" / "demo" / "packs" / "loud.json")
    assert card.feature_names["audio"] == ["level_db", "crossings_hz"]
    assert sum(card.num_clips.values()) == 8
    assert (checkout / RUN).is_file()
