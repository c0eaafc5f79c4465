"""Conversion loses nothing, and computational sequences are laid out as the CMU SDK reads them."""

import json
import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.__main__ import main
from pipeline.core.errors import ConfigError, StoreError
from pipeline.core.types import SPLITS
from pipeline.packs.formats import mmsa_pickle
from pipeline.packs.formats.csd import read_csd, write_csd
from pipeline.packs.formats.entries import entry_id
from pipeline.packs.formats.files import read_pickle, to_arrays, write_card, write_h5, write_pickle
from pipeline.packs.schema import AlignmentReport, Dropped, LengthReport, Normalisation, PackCard
from pipeline.steps import convert, inspect
from tests.support.splits import BERT_WIDE, make_split

MODALITY_FILES = ("text", "audio", "vision")
#: As the SDK's template has them; a comma is missing there between the third and the fourth.
TEMPLATE = [
    "root name",
    "computational sequence description",
    "dimension names",
    "computational sequence version",
    "dimension namescomputational sequence version",
    "alignment compatible",
    "dataset name",
    "dataset version",
    "creator",
    "contact",
    "featureset bib citation",
    "dataset bib citation",
]


def split_of(split):
    return make_split(6, seed=SPLITS.index(split), name=split, shape=BERT_WIDE)


def unaligned(split):
    base = split_of(split)
    return replace(
        base,
        ids=base.ids[::-1],  # any order of rows is preserved
        raw_text=["", "dé 你好", "a\nb", "[x]/y", "ß" * 40, "end"],
        vision_lengths=base.vision_lengths.copy(),
        vision_mask=base.vision_mask & (np.arange(25) % 3 > 0),
        labels={key: base.labels["M"] + index for index, key in enumerate("MTAV")},
        annotations=["Positive"] * 6,
    )


def aligned(split):
    base = split_of(split)
    tokens = base.text_bert[:, 1] > 0
    streams = {name: getattr(base, name)[:, :10] * tokens[..., None] + 0.0 for name in ("audio", "vision")}
    masks = {"audio_mask": tokens.copy(), "vision_mask": tokens & (np.arange(10) != 1)}
    return replace(base, audio_lengths=None, vision_lengths=None, **streams, **masks)


CARD = PackCard(
    dataset="toy",
    pack="unaligned",
    num_clips=dict.fromkeys(SPLITS, 6),
    dims={"text": 768, "audio": 4, "vision": 3},
    feature_names={"audio": ["loudness", "f0", "jitter", "shimmer"]},
    rate_hz={"text": None, "audio": 20.0, "vision": None},
)


@pytest.fixture(params=[unaligned, aligned])
def pack(request, tmp_path):
    splits = {split: request.param(split) for split in SPLITS}
    write_pickle(tmp_path / "pack.pkl", splits)
    write_h5(tmp_path / "pack.h5", splits)
    write_card(tmp_path / "pack.json", CARD.model_copy(update={"aligned": request.param is aligned}))
    return tmp_path / "pack.pkl"


@pytest.fixture
def folder(tmp_path):
    splits = {split: unaligned(split) for split in SPLITS}
    write_pickle(tmp_path / "pack.pkl", splits)
    write_card(tmp_path / "pack.json", CARD)
    convert.run(source=tmp_path / "pack.pkl", target=tmp_path / "pack.csd")
    return tmp_path / "pack.csd"


def contents_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_pickle_hdf5_csd_hdf5_pickle_gives_the_first_file_again(pack, tmp_path):
    chain = [pack, *(tmp_path / name for name in ("1/a.h5", "2/b.csd", "3/c.h5", "4/d.pkl"))]
    for source, target in pairwise(chain):
        convert.run(source=source, target=target)
    assert chain[-1].read_bytes() == pack.read_bytes()
    assert (tmp_path / "1/a.h5").read_bytes() == (tmp_path / "pack.h5").read_bytes()
    assert (tmp_path / "3/c.h5").read_bytes() == (tmp_path / "pack.h5").read_bytes()
    card = pack.with_suffix(".json").read_bytes()
    assert (tmp_path / "4/d.json").read_bytes() == (tmp_path / "2/b.csd/card.json").read_bytes() == card


def test_every_array_of_a_csd_folder_keeps_type_shape_and_values(pack, tmp_path):
    convert.run(source=pack, target=tmp_path / "x.csd")
    actual, expected = read_csd(tmp_path / "x.csd"), read_pickle(pack)
    for split in SPLITS:
        assert actual[split].keys() == expected[split].keys()
        for key, array in expected[split].items():
            assert (actual[split][key].dtype, actual[split][key].shape) == (array.dtype, array.shape), key
            np.testing.assert_array_equal(actual[split][key], array)


def test_a_foreign_pickle_keeps_its_values(tmp_path):
    content = {}
    for split in SPLITS:
        arrays = to_arrays(unaligned(split))
        arrays["id"] = arrays["id"].tolist()
        arrays["audio_lengths"] = arrays["audio_lengths"].tolist()
        arrays["annotations"] = np.array(arrays["annotations"].tolist(), dtype=object)
        arrays["audio"] = np.asfortranarray(arrays["audio"][:, ::-1].astype(">f8"))  # padded at the front
        arrays["vision"][0, -1, 0] = -0.0
        arrays["vision"][1, 3, 0] = np.nan
        arrays["regression_labels_T"] = arrays["regression_labels_T"].astype(np.float64)
        arrays["extra"] = np.arange(6)
        del arrays["text"], arrays["vision_mask"]
        content[split] = arrays
    mmsa_pickle.dump(content, tmp_path / "theirs.pkl")
    convert.run(source=tmp_path / "theirs.pkl", target=tmp_path / "x.csd")
    convert.run(source=tmp_path / "x.csd", target=tmp_path / "x.h5")
    convert.run(source=tmp_path / "x.h5", target=tmp_path / "x.pkl")
    actual = read_pickle(tmp_path / "x.pkl")
    for split in SPLITS:
        assert actual[split].keys() == content[split].keys()
        for key, value in content[split].items():
            np.testing.assert_array_equal(actual[split][key], np.asarray(value))
        assert np.signbit(actual[split]["vision"][0, -1, 0])


def test_csd_files_are_what_the_sdk_checks_on_loading(folder):
    for path in folder.glob("*.csd"):
        with h5py.File(path) as file:
            assert list(file) == [path.stem]
            assert set(file[path.stem]) == {"data", "metadata"}
            for entry in file[path.stem]["data"].values():
                assert set(entry) == {"features", "intervals"}
                assert entry["features"].ndim >= 2
                assert entry["intervals"].shape == (len(entry["features"]), 2)
            metadata = {key: json.loads(value[0]) for key, value in file[path.stem]["metadata"].items()}
        assert {*TEMPLATE, "uuid", "md5"} <= metadata.keys()
        assert metadata["root name"] == path.stem
    assert {path.stem for path in folder.glob("*.csd")} >= set(MODALITY_FILES)


def test_rows_are_the_measured_ones_at_the_rate_of_the_card(folder):
    split = unaligned("train")
    for name in ("audio", "vision"):
        with h5py.File(folder / f"{name}.csd") as file:
            for index, clip_id in enumerate(split.ids):
                length = getattr(split, f"{name}_lengths")[index]
                entry = file[name]["data"][clip_id.replace("$_$", "[") + "]"]
                np.testing.assert_array_equal(entry["features"], getattr(split, name)[index, :length])
                step_s = 0.05 if name == "audio" else 1
                starts = np.arange(length) * step_s
                np.testing.assert_allclose(entry["intervals"], np.stack([starts, starts + step_s], 1))


def test_metadata_distinguish_seconds_from_row_numbers_and_name_the_columns(folder):
    with h5py.File(folder / "audio.csd") as audio, h5py.File(folder / "vision.csd") as vision:
        descriptions = {
            name: json.loads(file[name]["metadata/computational sequence description"][0])
            for name, file in (("audio", audio), ("vision", vision))
        }
        names = json.loads(audio["audio/metadata/dimension names"][0])
    assert "20 rows per second" in descriptions["audio"]
    assert "row numbers, not time" in descriptions["vision"]
    assert names == ["loudness", "f0", "jitter", "shimmer"]


def test_modalities_of_an_aligned_pack_share_one_grid(tmp_path):
    write_pickle(tmp_path / "p.pkl", {split: aligned(split) for split in SPLITS})
    convert.run(source=tmp_path / "p.pkl", target=tmp_path / "p.csd")
    grids = {}
    for name in MODALITY_FILES:
        with h5py.File(tmp_path / "p.csd" / f"{name}.csd") as file:
            grids[name] = {entry_id: entry["intervals"][()] for entry_id, entry in file[name]["data"].items()}
    for entry, grid in grids["text"].items():
        np.testing.assert_array_equal(grid, grids["audio"][entry])
        np.testing.assert_array_equal(grid, grids["vision"][entry])


def test_writing_twice_gives_the_same_bytes(folder, tmp_path):
    convert.run(source=tmp_path / "pack.pkl", target=f"{tmp_path}/again/")
    assert contents_of(tmp_path / "again") == contents_of(folder)
    convert.run(source=folder, target=folder)
    assert contents_of(tmp_path / "again") == contents_of(folder)
    assert not [path.name for path in tmp_path.iterdir() if path.name.endswith((".part", ".old"))]


def test_different_ids_stay_different_entries():
    assert entry_id("v1$_$3") == "v1[3]"
    assert entry_id("-é你$_$0007") == "-é你[0007]"
    assert entry_id("lone") == "lone[0]"
    odd = ["a[1]$_$2", "a$_$1]$_$2", "a/b$_$1", "a%2Fb$_$1", "a$_$b/1", "a%5B1%5D$_$2"]
    assert len({entry_id(clip_id) for clip_id in odd}) == len(odd)
    assert not any("/" in entry_id(clip_id) for clip_id in odd)


def test_an_id_in_two_splits_is_refused(tmp_path):
    arrays = {split: to_arrays(split_of("train")) for split in SPLITS}
    with pytest.raises(StoreError, match=r"train\$_\$0 in train and train\$_\$0 in valid"):
        write_csd(tmp_path / "x.csd", arrays)
    assert not (tmp_path / "x.csd").exists()


def _other_entry(folder):
    with h5py.File(folder / "audio.csd", "a") as file:
        file["audio/data"].move("train[1]", "train[9]")


def _longer_entry(folder):
    with h5py.File(folder / "vision.csd", "a") as file:
        entry = file["vision/data/train[1]"]
        del entry["features"], entry["intervals"]
        entry["features"], entry["intervals"] = np.zeros((99, 3), np.float32), np.zeros((99, 2))


def _flat_features(folder):
    with h5py.File(folder / "vision.csd", "a") as file:
        del file["vision/data/train[1]/features"]
        file["vision/data/train[1]/features"] = np.zeros(3, np.float32)


def _truncated(folder):
    content = (folder / "text.csd").read_bytes()
    (folder / "text.csd").write_bytes(content[: len(content) // 2])


DAMAGES = {
    "audio.csd: 18 entries": _other_entry,
    r"vision.csd: train\[1\] has float32 features": _longer_entry,
    r"vision.csd: train\[1\]: features \(3,\)": _flat_features,
    "text.csd: cannot be read": _truncated,
    "labels.csd: cannot be read": lambda folder: (folder / "labels.csd").unlink(),
    "raw_text.csd: cannot be read": lambda folder: (folder / "raw_text.csd").write_bytes(b"no HDF5"),
    "triptych.h5: cannot be read": lambda folder: (folder / "triptych.h5").unlink(),
}


@pytest.mark.parametrize(("message", "damage"), DAMAGES.items())
def test_a_damaged_folder_is_refused_in_one_line(folder, message, damage):
    damage(folder)
    with pytest.raises(StoreError, match=message) as caught:
        read_csd(folder)
    assert "\n" not in str(caught.value)


def test_a_folder_with_other_content_is_not_replaced(tmp_path, folder):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("dear")
    with pytest.raises(StoreError, match="name another folder"):
        convert.run(source=folder, target=tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "dear"


def test_a_failed_export_leaves_the_earlier_one(tmp_path, folder):
    before = contents_of(folder)
    (tmp_path / "pack.json").write_text("{}")
    with pytest.raises(StoreError, match="card"):
        convert.run(source=tmp_path / "pack.pkl", target=folder)
    assert contents_of(folder) == before


def test_no_pack_or_an_unknown_format_is_a_one_line_error(tmp_path, folder, capsys):
    assert main(["convert", str(tmp_path / "absent.h5"), str(tmp_path / "x.pkl")]) == 2
    assert main(["convert", str(folder), str(tmp_path / "x.mat")]) == 2
    assert main(["convert", str(tmp_path), str(tmp_path / "x.pkl")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("error: ") for line in lines] == [True] * 3
    with pytest.raises(ConfigError, match="give --to"):
        convert.run(source=folder, target=tmp_path / "x")
    assert main(["convert", str(folder), str(tmp_path / "x"), "--to", "h5"]) == 0
    assert h5py.is_hdf5(tmp_path / "x")


def test_inspect_gives_the_same_output_for_a_csd_folder_and_its_pickle(tmp_path, folder, capsys):
    status = inspect.run(file=tmp_path / "pack.pkl")
    output = capsys.readouterr().out.splitlines()
    assert inspect.run(file=folder) == status == 0
    assert capsys.readouterr().out.splitlines()[1:] == output[1:]
    shutil.rmtree(folder)
    with pytest.raises(StoreError, match="no such file"):
        inspect.run(file=folder)


def test_the_page_on_formats_names_every_key_and_every_field_of_the_card(folder):
    page = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    keys = {*read_csd(folder)["train"], *(path.name for path in folder.iterdir()), *TEMPLATE}
    keys = {key for key in keys if not re.fullmatch("regression_labels_[TAV]", key)}
    nested = {name for model in (LengthReport, Normalisation, Dropped, AlignmentReport) for name in model.model_fields}
    assert not {
        name for name in keys | nested | PackCard.model_fields.keys() if f"`{name}`" not in page.replace("\n", " ")
    }


def test_the_published_pickle_of_mosi_survives_the_round_trip(shared_data, tmp_path):
    whole = read_pickle(shared_data / "mosi" / "mosi_utt_papersplit.pkl")
    expected = {split: {key: value[:40] for key, value in arrays.items()} for split, arrays in whole.items()}
    mmsa_pickle.dump(expected, tmp_path / "mosi.pkl")
    convert.run(source=tmp_path / "mosi.pkl", target=tmp_path / "mosi.csd")
    actual = read_csd(tmp_path / "mosi.csd")
    for split in SPLITS:
        assert actual[split].keys() == expected[split].keys()
        for key, value in expected[split].items():
            np.testing.assert_array_equal(actual[split][key], np.asarray(value))
