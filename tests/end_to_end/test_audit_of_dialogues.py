"""The audit of a dataset with dialogue context and a pack without audio and vision."""

import json

import pytest
import yaml

from pipeline.__main__ import main
from tests.support.miniatures import invented_clips, make_meld
from tests.support.project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """MELD in miniature, texts alone, each with the turns around it."""
    project = Project(tmp_path_factory.mktemp("dialogues"))
    make_meld(project.root / "raw" / "meld", invented_clips(), media=False)
    folder = project.root / "config" / "datasets"
    folder.mkdir(parents=True)
    settings = {"reader": "meld", "metrics": "emotion", "context": {"previous": 2, "next": 1}}
    (folder / "meld.yaml").write_text(yaml.safe_dump(settings))
    project.configure(datasets=["meld"], packs=["text_50"], models=["text_only"], seeds=[1])
    done = project.run("packs")
    assert done.status == 0, done.output
    return project


def test_the_audit_of_clips_with_context_finds_no_fault(project, monkeypatch, capsys):
    manifests = sorted((project.processed / "meld" / "index" / "text").glob("*.jsonl"))
    rows = [json.loads(line) for path in manifests for line in path.read_text().splitlines()]
    assert any(row.get("context") for row in rows)
    monkeypatch.chdir(project.root)
    assert main(["audit", "meld", "--sample", "99"]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.endswith(f"extracted again: {len(rows)} by bert\n0 faults\n")


def test_an_edited_turn_is_a_fault_of_the_clips_around_it(project, monkeypatch, capsys, tmp_path):
    copy = project.copy_to(tmp_path / "copy")
    table = next((copy.root / "raw" / "meld").rglob("dev_sent_emo.csv"))
    table.write_bytes(table.read_bytes().replace(b"Sentence", b"Remark", 1))
    monkeypatch.chdir(copy.root)
    assert main(["audit", "meld", "--no-extract"]) == 1
    faults = [line for line in capsys.readouterr().out.splitlines() if "made of another raw file, text" in line]
    assert len(faults) == 2  # the dialogue has two turns, each in the context of the other
