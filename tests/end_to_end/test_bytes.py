"""The same bytes for any number of cores, and for a step called from the command line or from Python."""

import shutil

from pipeline.steps.extract import run as extract
from tests.support.project import derived_files


def test_one_core_and_two_give_the_same_bytes(new_project, packed):
    project = new_project("one_core")
    done = project.run("packs", cores=1)
    assert done.status == 0, done.output
    assert derived_files(project.root) == derived_files(packed.root)


def test_the_step_called_from_python_gives_the_bytes_of_the_rule(packed, tmp_path, monkeypatch):
    project = packed.copy_to(tmp_path / "project")
    shutil.rmtree(project.processed / "demo" / "features" / "egemaps")
    monkeypatch.chdir(project.root)
    extract(
        dataset="demo", extractor="egemaps", shard="000", raw=project.root / "raw", processed=project.root / "processed"
    )
    assert derived_files(project.root) == derived_files(packed.root)
