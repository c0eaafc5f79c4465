"""Audio features."""

import warnings

import numpy as np
import pytest

from pipeline.core.errors import FeatureError
from pipeline.extractors import compare, egemaps
from pipeline.extractors._base import ClipInput
from pipeline.media.audio import Sound, load_sound
from pipeline.media.span import MediaSpan


def tone(seconds: float, amplitude: float = 5000.0) -> Sound:
    time_s = np.arange(round(seconds * 16_000)) / 16_000
    return Sound((amplitude * np.sin(2 * np.pi * 220 * time_s)).astype(np.int16))


@pytest.mark.parametrize(("module", "columns"), [(egemaps, 25), (compare, 65)])
def test_rows_are_ten_milliseconds_apart(module, columns):
    features = module.extractor(module.Config()).extract(ClipInput("a", sound=tone(1.0)))
    assert features.values.shape == (96, columns)
    assert np.allclose(np.diff(features.times[:-1, 0]), 0.01)
    assert features.times[0, 0] == 0.0
    assert features.times[-1, 1] == pytest.approx(1.0)


def test_loud_part_of_the_sound_is_loud_at_its_time():
    sound = tone(2.0)
    sound.samples[:16_000] //= 100
    extractor = egemaps.extractor(egemaps.Config())
    features = extractor.extract(ClipInput("a", sound=sound))
    loudness = features.values[:, extractor.feature_names.index("Loudness_sma3")]
    middle_s = features.times.mean(axis=1)
    assert loudness[middle_s > 1.1].min() > 2 * loudness[middle_s < 0.9].max()


@pytest.mark.parametrize("module", [egemaps, compare])
def test_silence_gives_finite_features_and_a_note(module):
    silence = Sound(np.zeros(16_000, np.int16))
    features = module.extractor(module.Config(functionals=True)).extract(ClipInput("a", sound=silence))
    assert np.isfinite(features.values).all()
    assert np.isfinite(features.extras["functionals"]).all()
    assert features.notes["silent"] == 1
    assert features.notes["peak"] == 0.0


def test_speech_is_not_called_silent(shared_data):
    extractor = egemaps.extractor(egemaps.Config())
    sounds = {
        name: load_sound(MediaSpan(shared_data / name))
        for name in ("grid/bbaf2n.mpg", "faces_odd/face_1.mp4", "faces_odd/silent_face_WolfgangLanger_Pexels.mp4")
    }
    silent = [extractor.extract(ClipInput("a", sound=sound)).notes["silent"] for sound in sounds.values()]
    assert silent == [0, 0, 1]


@pytest.mark.parametrize(("module", "count"), [(egemaps, 88), (compare, 6373)])
def test_functionals_are_stored_when_asked_for(module, count):
    extractor = module.extractor(module.Config(functionals=True))
    features = extractor.extract(ClipInput("a", sound=tone(0.5)))
    assert features.extras["functionals"].shape == (count,)
    assert features.extras["functionals"].dtype == np.float32
    assert len(set(extractor.functional_names)) == count
    assert module.extractor(module.Config()).functional_names == ()


@pytest.mark.parametrize("seconds", [0.001, 0.03, 0.059])
def test_sound_too_short_is_an_error_without_a_warning(seconds):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FeatureError, match="needs at least 60 ms"):
            egemaps.extractor(egemaps.Config()).extract(ClipInput("a", sound=tone(seconds)))


def test_shortest_sound_gives_a_row():
    assert len(egemaps.extractor(egemaps.Config()).extract(ClipInput("a", sound=tone(0.06))).values) >= 1
