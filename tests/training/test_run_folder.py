"""The folder of a run: names from its place, evaluated runs, and the card of a run that lacks its copy."""

import pytest

from pipeline.core.errors import StoreError
from pipeline.core.fingerprints import file_sha256
from pipeline.core.paths import DatasetPaths
from pipeline.packs.formats.files import write_card
from pipeline.packs.schema import PackCard
from pipeline.training.run_folder import RunFolder
from pipeline.training.run_spec import RunSpec
from tests.support.splits import DIMS


@pytest.fixture
def paths(tmp_path):
    """A dataset's folder with a pack, its card, and a run on it without a copy of the card."""
    paths = DatasetPaths(tmp_path / "toy")
    card = PackCard(dataset="toy", pack="small", num_clips={"train": 1, "valid": 1, "test": 1}, dims=DIMS)
    write_card(paths.pack("small", "json"), card)
    paths.pack("small", "h5").write_bytes(b"pack")
    spec = RunSpec(
        model="amccl",
        version=1,
        dataset="toy",
        pack="small",
        pack_sha256=file_sha256(paths.pack("small", "h5")),
        seed=7,
        settings={},
        text_encoder="none",
        dims=DIMS,
        num_train=1,
        label_range=(-3, 3),
        metrics="mosi",
    )
    RunFolder(paths.run("small", "amccl@narrow", 7)).write_spec(spec)
    return paths


def test_names_come_from_the_place_and_only_runs_with_metrics_are_evaluated(paths):
    run = RunFolder(paths.run("small", "amccl@narrow", 7))
    assert run.keys == {"dataset": "toy", "pack": "small", "model": "amccl@narrow", "seed": 7}
    assert RunFolder.evaluated(paths.runs) == []
    run.metrics_file.write_text("{}")
    assert [one.path for one in RunFolder.evaluated(paths.runs)] == [run.path]
    with pytest.raises(StoreError, match=r"metrics\.json: no key 'test'"):
        assert run.metrics


def test_without_a_copy_the_card_of_the_unchanged_pack_is_used(paths):
    assert RunFolder(paths.run("small", "amccl@narrow", 7)).card().pack == "small"
    paths.pack("small", "h5").write_bytes(b"another pack")
    with pytest.raises(StoreError, match=r"another version of small\.h5"):
        RunFolder(paths.run("small", "amccl@narrow", 7)).card()
    paths.pack("small", "h5").unlink()
    with pytest.raises(StoreError, match=r"no card\.json, and no .*small\.h5"):
        RunFolder(paths.run("small", "amccl@narrow", 7)).card()
