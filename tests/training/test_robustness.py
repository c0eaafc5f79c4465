"""A trained run under corruptions: files in, curves out; and training with corruption."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.config.training import TrainingCorruption, resolve
from pipeline.core.errors import ConfigError, StoreError
from pipeline.core.fingerprints import file_sha256
from pipeline.core.paths import DatasetPaths
from pipeline.corruptions.levels import CORRUPTIONS, LEVELS, MEDIA_MODALITY
from pipeline.corruptions.splits import make_context
from pipeline.packs.build.corrupted import write_corrupted
from pipeline.packs.formats.files import read_split, write_card, write_h5
from pipeline.packs.schema import PackCard
from pipeline.steps import curves, evaluate, robustness, train
from pipeline.training.corruption import make_train_of_epoch
from tests.support.splits import DIMS, make_split, save_encoder

RAW = {
    "model": {"feedforward_dim": 16, "channels": 8, "head_dim": 8},
    "training": {"epochs": 1, "batch_size": 8, "device": "cpu"},
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A dataset's folder with a pack and a run scored as it is and under corruptions."""
    root = tmp_path_factory.mktemp("processed") / "toy"
    splits = {"train": make_split(20), "valid": make_split(8, seed=1), "test": make_split(9, seed=2)}
    words = [f"word{20 + i} word{21 + i} word{22 + i} word{23 + i}" for i in range(9)]
    splits["test"] = replace(splits["test"], raw_text=words)
    paths = DatasetPaths(root)
    write_h5(paths.pack("toy", "h5"), splits)
    encoder = save_encoder(root / "encoder")
    counts = {name: len(split) for name, split in splits.items()}
    write_card(
        paths.pack("toy", "json"),
        PackCard(dataset="toy", pack="toy", num_clips=counts, dims=DIMS, text_weights=str(encoder)),
    )
    (root / "settings.json").write_text(resolve(RAW, "toy").model_dump_json())
    run = paths.run("toy", "amccl", 3)
    train.run(pack=paths.pack("toy", "h5"), settings=root / "settings.json", model="amccl", seed=3, output=run)
    evaluate.run(pack=paths.pack("toy", "h5"), run_dir=run)
    robustness.run(pack=paths.pack("toy", "h5"), run_dir=run)
    return paths


def run_of(paths):
    return paths.run("toy", "amccl", 3)


def table_of(paths):
    return pd.read_csv(run_of(paths) / "robustness.csv")


def test_every_corruption_is_scored_at_four_levels_and_clean(workplace):
    table = table_of(workplace)
    assert list(zip(table.corruption, table.level, strict=True)) == [(n, i) for n in CORRUPTIONS for i in (0, *LEVELS)]


def test_level_0_is_the_clean_score(workplace):
    test = json.loads((run_of(workplace) / "metrics.json").read_text())["test"]
    table = table_of(workplace)
    for _, row in table[table.level == 0].iterrows():
        assert row[list(test)].to_dict() == pytest.approx(test, abs=1e-6)


def test_scores_move_under_corruptions_and_the_file_repeats_itself(workplace):
    before = (run_of(workplace) / "robustness.csv").read_bytes()
    table = table_of(workplace)
    assert (table.groupby("corruption").MAE.nunique() > 1).all()
    robustness.run(pack=workplace.pack("toy", "h5"), run_dir=run_of(workplace))
    assert (run_of(workplace) / "robustness.csv").read_bytes() == before


def test_stand_ins_are_labelled(workplace):
    origins = table_of(workplace).groupby("corruption").origin.unique().map(list).to_dict()
    assert origins == {name: ["proxy" if name in MEDIA_MODALITY else "raw"] for name in CORRUPTIONS}


@pytest.fixture
def with_media(workplace, tmp_path):
    """A copy of the dataset's folder with test splits from corrupted media: here, silence."""
    import shutil

    paths = DatasetPaths(tmp_path / "toy")
    shutil.copytree(workplace.root, paths.root)
    test = read_split(paths.pack("toy", "h5"), "test")
    silent = replace(test, audio=test.audio * 0, audio_mask=test.audio_mask & False)
    for level in LEVELS:
        file = paths.corrupted("audio_noise", level).pack("toy", "h5")
        write_corrupted(file, silent, pack_sha256=file_sha256(paths.pack("toy", "h5")))
    return paths


def test_splits_from_corrupted_media_take_the_place_of_proxies(with_media, workplace):
    robustness.run(pack=with_media.pack("toy", "h5"), run_dir=run_of(with_media))
    table, before = table_of(with_media), table_of(workplace)
    noise = table[table.corruption == "audio_noise"]
    assert set(noise.origin) == {"raw"}
    assert noise.strength.tolist()[1:] == [20.0, 10.0, 5.0, 0.0]
    assert noise[noise.level > 0].MAE.nunique() == 1
    others = table.corruption != "audio_noise"
    pd.testing.assert_frame_equal(table[others], before[others])


def test_a_corrupted_split_of_another_pack_is_refused(with_media):
    file = with_media.corrupted("audio_noise", 2).pack("toy", "h5")
    write_corrupted(file, read_split(file, "test"), pack_sha256="another")
    with pytest.raises(StoreError, match="another version of the pack"):
        robustness.run(pack=with_media.pack("toy", "h5"), run_dir=run_of(with_media))


def test_curves_hold_means_over_seeds_retention_and_area(tmp_path):
    paths = [tmp_path / "demo" / "runs" / "pack" / "amccl" / str(seed) / "robustness.csv" for seed in (1, 2)]
    for path, corr in zip(paths, ([0.8, 0.6, 0.4, 0.2, 0.0], [0.4, 0.4, 0.4, 0.4, 0.4]), strict=True):
        path.parent.mkdir(parents=True)
        scores = {"MAE": 1.5, "Corr": corr, "Acc": 0.9}
        frames = [
            pd.DataFrame({"corruption": name, "level": range(5), "strength": 1.0, "origin": "raw", **scores})
            for name in ("shuffled_words", "blur", "missing_text")
        ]
        pd.concat(frames).to_csv(path, index=False)
    curves.run(scores=paths, output=tmp_path / "robustness.csv")
    table = pd.read_csv(tmp_path / "robustness.csv")
    assert len(table) == 9
    assert set(zip(table.dataset, table.model, table.seeds, table.origin, strict=True)) == {("demo", "amccl", 2, "raw")}
    for row in table[table.metric == "Corr"].to_dict("records"):
        assert [row[f"level_{i}"] for i in range(5)] == pytest.approx([0.6, 0.5, 0.4, 0.3, 0.2])
        assert [row[f"retention_{i}"] for i in LEVELS] == pytest.approx([5 / 6, 4 / 6, 3 / 6, 2 / 6], abs=1e-6)
    assert table.groupby("metric").area.unique().to_dict() == {"Acc": [0.9], "Corr": [0.4], "MAE": [1.5]}


def test_corruption_depends_on_clip_seed_and_epoch_alone(workplace):
    split = make_split(20)
    context = make_context(split, text_encoder=str(workplace.root / "encoder"), language="en")
    settings = TrainingCorruption(missing_text=0.5, dropped_frames=0.5, audio_noise=1.0)
    train_of = make_train_of_epoch(split, settings, seed=4, context=context)
    first, second, again = train_of(0), train_of(1), make_train_of_epoch(split, settings, seed=4, context=context)(0)
    assert (first.audio != second.audio).any()
    assert (first.vision_lengths < split.vision_lengths).any()
    assert 0 < sum(not text for text in first.raw_text) < len(split)
    for name in ("text_bert", "audio", "vision"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    np.testing.assert_array_equal(split.audio, make_split(20).audio)


def test_a_corrupted_training_differs_and_says_so_in_its_settings(workplace, tmp_path):
    raw = {**RAW, "training": {**RAW["training"], "corruption": {"audio_noise": 1.0}}}
    (tmp_path / "settings.json").write_text(resolve(raw, "toy").model_dump_json())
    pack = workplace.pack("toy", "h5")
    train.run(pack=pack, settings=tmp_path / "settings.json", model="amccl", seed=3, output=tmp_path / "run")
    assert (tmp_path / "run" / "best.safetensors").read_bytes() != (run_of(workplace) / "best.safetensors").read_bytes()
    assert "audio_noise: 1.0" in (tmp_path / "run" / "config.yaml").read_text()


def test_a_run_on_foreign_text_vectors_is_scored_without_corrupted_sentences(workplace, tmp_path):
    raw = {**RAW, "model": {**RAW["model"], "stored_text": True}}
    (tmp_path / "settings.json").write_text(resolve(raw, "toy").model_dump_json())
    pack = workplace.pack("toy", "h5")
    train.run(pack=pack, settings=tmp_path / "settings.json", model="amccl", seed=3, output=tmp_path / "run")
    robustness.run(pack=pack, run_dir=tmp_path / "run")
    table = pd.read_csv(tmp_path / "run" / "robustness.csv")
    assert table.corruption.unique().tolist() == ["dropped_frames", "blur", "audio_noise"]
    raw["training"] = {**RAW["training"], "corruption": {"shuffled_words": 0.5}}
    (tmp_path / "settings.json").write_text(resolve(raw, "toy").model_dump_json())
    with pytest.raises(ConfigError, match="shuffled_words changes sentences"):
        train.run(pack=pack, settings=tmp_path / "settings.json", model="amccl", seed=3, output=tmp_path / "other")
