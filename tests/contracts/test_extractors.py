"""What every file of pipeline/extractors promises. New extractors are picked up automatically."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.core import plugins
from pipeline.core.errors import MissingDependencyError
from pipeline.core.types import MODALITIES
from pipeline.extractors._base import ClipInput, Extractor, ExtractorConfig
from pipeline.features.features import Features, validate_features
from pipeline.media.audio import Sound
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video
from pipeline.words.timed import TimedWord

NAMES = plugins.names("extractors")
REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "extractors.json"
TEXTS = ("the movie was wonderful and i loved it", "no")


def voice_like(seconds: float) -> Sound:
    """A hum with harmonics that comes and goes, with a little noise."""
    time_s = np.arange(round(seconds * 16_000)) / 16_000
    hum = sum(np.sin(2 * np.pi * 140 * harmonic * time_s) / harmonic for harmonic in range(1, 8))
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    return Sound((3000 * hum * np.sin(2 * np.pi * 2 * time_s) ** 2 + 20 * noise).astype(np.int16))


def face_video(path, seconds: float) -> Video:
    """A photograph of a face that moves sideways."""
    import av
    from skimage import data

    photo = data.astronaut()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 256, 256, "yuv420p", 2_000_000
        for index in range(round(seconds * 25)):
            part = np.ascontiguousarray(photo[:256, 100 + index : 356 + index])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(part, format="rgb24")))
        container.mux(stream.encode(None))
    return Video(MediaSpan(path))


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> list[ClipInput]:
    folder = tmp_path_factory.mktemp("clips")
    return [
        ClipInput(
            clip_id=f"video$_${number}",
            text=text,
            sound=voice_like(seconds),
            video=face_video(folder / f"{number}.mkv", seconds),
            given_words=tuple(TimedWord(word, at / 20, (at + 1) / 20) for at, word in enumerate(text.split())),
        )
        for number, (text, seconds) in enumerate(zip(TEXTS, (1.2, 0.6), strict=True))
    ]


@pytest.fixture(scope="module")
def build():
    """Extractors by name, built once; the test is skipped where one's library or weights are absent."""
    built: dict[str, Extractor] = {}

    def get(name: str) -> Extractor:
        if name not in built:
            module = plugins.load("extractors", name)
            try:
                built[name] = module.extractor(module.Config())
            except (ImportError, MissingDependencyError) as error:
                pytest.skip(f"{name}: {error}")
        return built[name]

    yield get
    for extractor in built.values():
        extractor.close()


@pytest.fixture(scope="module")
def extracted(build, clips):
    """Features of the clips by extractor, computed once."""
    done: dict[str, list[Features]] = {}

    def get(name: str) -> list[Features]:
        if name not in done:
            done[name] = build(name).extract_batch(clips)
        return done[name]

    return get


def assert_same(one: Features, other: Features) -> None:
    for field in ("values", "times", "mask"):
        assert getattr(one, field).tobytes() == getattr(other, field).tobytes(), field
    assert one.extras.keys() == other.extras.keys()
    for key, array in one.extras.items():
        assert array.tobytes() == other.extras[key].tobytes(), key
    assert dict(one.notes) == dict(other.notes)


@pytest.mark.parametrize("name", NAMES)
def test_literals_can_be_read_without_importing_the_file(name):
    literals = plugins.literals("extractors", name)
    assert isinstance(literals["VERSION"], int)
    assert literals["VERSION"] >= 1
    assert literals["MODALITY"] in (*MODALITIES, "words")
    assert set(literals["READS"]) <= {"text", "sound", "video", "words", "context"}
    assert literals["READS"]
    assert all(isinstance(library, str) for library in literals["REQUIRES"])
    shard_clips = literals["SHARD_CLIPS"]
    assert shard_clips >= 1
    assert shard_clips & (shard_clips - 1) == 0


@pytest.mark.parametrize("name", NAMES)
def test_file_contains_settings_and_an_extractor(name):
    module = plugins.load("extractors", name)
    assert issubclass(module.Config, ExtractorConfig)
    assert issubclass(module.extractor, Extractor)
    assert module.__doc__
    for field, about in module.Config.model_fields.items():
        assert about.description, f"{name}.Config.{field} has no docstring"


@pytest.mark.parametrize("name", NAMES)
def test_settings_refuse_unknown_keys_and_changes(name):
    config_class = plugins.load("extractors", name).Config
    with pytest.raises(ValidationError):
        config_class(no_such_setting=1)
    assert config_class.model_config["frozen"]


@pytest.mark.parametrize("name", NAMES)
def test_features_keep_the_rules_of_the_store(name, build, extracted):
    names = build(name).feature_names
    assert len(set(names)) == len(names)
    for features in extracted(name):
        validate_features(features, num_features=len(names))
        assert features.values.dtype == np.float32
        assert features.times.dtype == np.float64
        assert features.mask.dtype == np.bool_
        assert all(isinstance(note, (int, float, str)) for note in features.notes.values())
        assert all(array.dtype != object for array in features.extras.values())


@pytest.mark.parametrize("name", NAMES)
def test_times_are_ordered_intervals_within_the_clip(name, clips, extracted):
    for clip, features in zip(clips, extracted(name), strict=True):
        start_s, end_s = features.times[~np.isnan(features.times).any(axis=1)].T
        assert (end_s >= start_s).all()
        assert (np.diff(start_s) >= 0).all()
        assert (start_s >= 0).all()
        assert (end_s <= clip.sound.duration_s + 0.1).all()


@pytest.mark.parametrize("name", NAMES)
def test_same_clip_gives_the_same_bytes_whatever_came_before(name, build, clips, extracted):
    again = build(name).extract_batch(clips[::-1])[::-1]
    for first, second in zip(extracted(name), again, strict=True):
        assert_same(first, second)


@pytest.mark.parametrize("name", NAMES)
def test_clip_alone_gives_the_same_bytes_as_among_others(name, build, clips, extracted):
    assert_same(build(name).extract(clips[1]), extracted(name)[1])


@pytest.mark.parametrize("name", NAMES)
def test_weight_files_exist_and_have_machine_independent_names(name, build):
    module = plugins.load("extractors", name)
    build(name)
    for key, path in module.extractor.weight_files(module.Config()).items():
        assert path.is_file()
        assert "/" not in key


def test_reading_settings_imports_no_heavy_library():
    import subprocess
    import sys

    heavy = "{'torch', 'transformers', 'mediapipe', 'opensmile', 'pandas', 'cv2'}"
    modules = "".join(f"import pipeline.extractors.{name};" for name in NAMES)
    code = f"import sys;{modules}print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_numbers_move_only_with_the_version(name, extracted):
    """Kept in tests/reference/extractors.json; after raising VERSION: UPDATE_REFERENCE=1 pytest -k move_only."""
    version = plugins.literals("extractors", name)["VERSION"]
    summary = {"version": version, "clips": [summary_of(features) for features in extracted(name)]}
    reference = json.loads(REFERENCE.read_text()) if REFERENCE.is_file() else {}
    if os.environ.get("UPDATE_REFERENCE") == "1":
        REFERENCE.write_text(json.dumps({**reference, name: summary}, indent=1, sort_keys=True) + "\n")
        return
    assert reference[name]["version"] == version, "VERSION was raised: renew the reference"
    for now, then in zip(summary["clips"], reference[name]["clips"], strict=True):
        assert now["rows"] == then["rows"]
        np.testing.assert_allclose(now["means"], then["means"], rtol=0.02, atol=0.02, err_msg="raise VERSION")


def summary_of(features: Features) -> dict:
    """Rows, and the means of up to sixteen columns over the measured rows."""
    columns = np.linspace(0, features.values.shape[1] - 1, 16).astype(int)
    means = features.values[features.mask].mean(0) if features.mask.any() else features.values.mean(0)
    return {"rows": len(features.values), "means": [round(float(means[column]), 5) for column in columns]}
