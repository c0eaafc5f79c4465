"""A small sample of `make torture`: Snakemake is killed while a worker is at work; a second one is refused."""

import pytest

from tools.torture import victims
from tools.torture.outputs import digests, judge
from tools.torture.project import Project
from tools.torture.stages import AUDIO


@pytest.fixture
def project(packed, tmp_path):
    return Project(packed.copy_to(tmp_path / "project").root)


def test_a_killed_run_is_finished_by_the_same_command_with_the_same_bytes(project):
    clean = digests(project)
    run = project.start(*AUDIO.undo(project))
    assert victims.wait_for(run, victims.workers, 0.1)
    second = project.run("packs")
    run.kill()
    run.wait()
    again = project.run("packs")
    assert (second.status, again.status) == (1, 0), again.output
    assert second.output.count("another run uses it") == 1
    verdict = judge(project, clean)
    assert verdict.is_good, verdict.summary()
    assert verdict.rows == verdict.accounted == 8


def test_a_difference_a_lost_row_and_something_left_behind_are_reported(project):
    clean = digests(project)
    (project.processed / "demo" / "packs" / "unaligned_50.json.part").touch()
    (project.processed / "demo" / "quarantine" / "face.jsonl").write_text("{}\n")
    (project.processed / "demo" / "features" / "egemaps" / "000.h5").unlink()
    verdict = judge(project, clean)
    assert not verdict.is_good
    assert {"demo/quarantine/face.jsonl", "demo/features/egemaps/000.h5"} < set(verdict.differing)
    assert verdict.faults
    assert verdict.left == ["processed/demo/packs/unaligned_50.json.part"]
