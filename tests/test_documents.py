"""Facts in the documents that a test can check: pages, commands, files they name."""

import importlib.util
import json
import re
import shlex
import subprocess
import sys

import pytest
import yaml

from pipeline.__main__ import parser_of
from pipeline.core import plugins
from tests.support.project import REPOSITORY

PAGES = sorted([*REPOSITORY.glob("docs/*.md"), REPOSITORY / "README.md"])
_COMMAND = re.compile(r"python -m pipeline ([a-z][^\n`|]*)")
_FILE = re.compile(r"`((?:tests|bench|examples|pipeline|models|rules|profiles)/[\w/]+\.(?:py|smk|yaml|sh))`")
#: Files that the page itself has the reader write.
_TO_BE_WRITTEN = {"pipeline/extractors/loudness.py", "models/mean_pool.py"}


def ids(path):
    return path.name


def test_the_navigation_names_every_page():
    settings = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))
    named = re.findall(r": (\S+\.md)", yaml.safe_dump(settings["nav"], width=1000))
    assert sorted(named) == sorted(path.name for path in REPOSITORY.glob("docs/*.md"))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_command_of_a_page_is_one_that_its_parser_takes(page):
    for line in _COMMAND.findall(page.read_text(encoding="utf-8")):
        name, *words = shlex.split(line.replace("...", ""), comments=True)
        assert name.replace("-", "_") in plugins.names("steps"), line
        if words:  # a bare name speaks of the command, it is no use of it
            parser_of(name).parse_args(words)


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_target_and_file_that_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"(?:`|^ {4})make ([a-z-]+)", text, re.M)) <= targets
    named = set(_FILE.findall(text)) - _TO_BE_WRITTEN
    assert [name for name in sorted(named) if "<" not in name and not (REPOSITORY / name).is_file()] == []


def test_the_notebook_matches_the_page_of_the_api():
    spec = importlib.util.spec_from_file_location("notebook", REPOSITORY / "examples" / "notebook.py")
    notebook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(notebook)
    assert notebook.TARGET.read_text(encoding="utf-8") == notebook.render(), "run: make notebook"
    cells = json.loads(notebook.TARGET.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            compile("".join(cell["source"]), cell["id"], "exec")


def test_the_site_is_built_without_a_warning_and_asks_nothing_of_the_network(tmp_path):
    pytest.importorskip("mkdocs", reason="make docs installs what builds the site")
    pytest.importorskip("latex2mathml", reason="make docs installs what builds the site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.html"))
    assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', pages)
    assert "arithmatex" not in pages
    assert "<math" in pages
