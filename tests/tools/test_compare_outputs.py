"""Two processed/ folders are compared by bytes, and by content where only identities differ."""

from dataclasses import replace

from pipeline.features.store import write_store
from tests.support.stores import HEADER, new
from tools.compare_outputs import compare, results


def write(folder, *, identity="f" * 64, seed=0):
    path = folder / "demo" / "features" / "face" / "000.h5"
    write_store(path, replace(HEADER, identity=identity), [new("a$_$1", seed)])
    return path


def test_a_renamed_identity_differs_from_other_numbers(tmp_path):
    old = write(tmp_path / "old")
    assert compare(old, write(tmp_path / "same")) == "same bytes"
    assert compare(old, write(tmp_path / "renamed", identity="e" * 64)) == "same arrays, another identity"
    assert compare(old, write(tmp_path / "other", seed=1)) == "different"


def test_results_have_their_new_names_and_logs_are_left_out(tmp_path):
    for name in ("demo/disturbed/blur_1/packs/p.json", "logs/packs/p.json", "demo/predictions.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert set(results(tmp_path)) == {"demo/corrupted/blur_1/packs/p.json", "demo/predictions.csv"}
