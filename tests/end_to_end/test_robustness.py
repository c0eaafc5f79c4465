"""Blur and audio noise of the raw media, through the real workflow."""

import numpy as np
import pytest

from pipeline.core.fingerprints import file_sha256
from pipeline.features.store import StoreReader
from pipeline.packs.build.corrupted import read_corrupted, with_corrupted
from pipeline.packs.formats.files import read_card, read_split

REACHED = {"blur": ("vision", "face"), "audio_noise": ("audio", "egemaps")}


def target(name: str) -> str:
    return f"processed/demo/corrupted/{name}_2/packs/unaligned_50.h5"


@pytest.fixture(scope="module")
def corrupted(packed, tmp_path_factory):
    """A project with test splits under blur and noise of level 2."""
    project = packed.copy_to(tmp_path_factory.mktemp("corrupted") / "project")
    project.configure(robustness=True)
    done = project.run(*map(target, REACHED))
    assert done.status == 0, done.output
    return project, done


def of_pack(project):
    pack = project.processed / "demo" / "packs" / "unaligned_50.h5"
    return read_split(pack, "test"), read_card(pack.with_suffix(".json")), file_sha256(pack)


def test_only_test_clips_are_extracted_and_only_by_what_is_reached(corrupted):
    project, done = corrupted
    assert done.rules() == {"extract_corrupted": 3, "corrupt": 2}
    test, _, _ = of_pack(project)
    for name, (_, extractor) in REACHED.items():
        ids = set()
        for path in (project.processed / "demo" / "corrupted" / f"{name}_2" / "features" / extractor).glob("*.h5"):
            with StoreReader(path) as reader:
                ids |= reader.ids()
        assert ids == set(test.ids)


@pytest.mark.parametrize("name", list(REACHED))
def test_one_modality_differs_everywhere_and_the_others_nowhere(corrupted, name):
    project, _ = corrupted
    test, _, sha256 = of_pack(project)
    changed = read_corrupted(project.root / target(name), pack_sha256=sha256)
    assert changed.ids == test.ids
    for modality in ("text", "audio", "vision"):
        before, after = getattr(test, modality), getattr(changed, modality)
        differs = (before != after).any(axis=(1, 2))
        assert differs.all() if modality == REACHED[name][0] else not differs.any()
    np.testing.assert_array_equal(changed.text_bert, test.text_bert)
    assert not changed.audio[~changed.audio_mask].any()
    assert not changed.vision[~changed.vision_mask].any()


@pytest.mark.parametrize("name", list(REACHED))
def test_clean_stores_give_the_pack_itself(corrupted, name):
    project, _ = corrupted
    test, card, _ = of_pack(project)
    modality, extractor = REACHED[name]
    stores = sorted((project.processed / "demo" / "features" / extractor).glob("*.h5"))
    same, lacking = with_corrupted(test, modality, card, corrupted=stores)
    assert lacking == []
    for field in (modality, f"{modality}_mask", f"{modality}_lengths"):
        np.testing.assert_array_equal(getattr(same, field), getattr(test, field))


def test_again_runs_nothing_and_everything_plans_a_table_of_curves(corrupted):
    project, _ = corrupted
    assert not project.run(*map(target, REACHED)).rules()
    planned = project.run("--dry-run", "train_all")
    assert planned.rules()["curves"] == planned.rules()["robustness"] == 1
    assert planned.rules()["corrupt"] == 6
