"""Settings of a run: layers, errors, and the shipped files."""

import subprocess
import sys

import pytest
import yaml

from pipeline.config.training import model_version, resolve
from pipeline.core import plugins
from pipeline.core.errors import ConfigError

RAW = {
    "model": {"channels": 64, "contrast": {"weight": 0.1, "margin": 0.8}},
    "training": {"epochs": 9},
    "datasets": {"demo": {"model": {"contrast": {"weight": 0.2}}, "training": {"batch_size": 4}}},
}


def test_a_dataset_lays_its_values_over_the_common_ones():
    demo = resolve(RAW, "demo")
    assert demo.model == {"channels": 64, "contrast": {"weight": 0.2, "margin": 0.8}}
    assert (demo.training.epochs, demo.training.batch_size) == (9, 4)


def test_a_dataset_without_values_of_its_own_gets_the_common_ones():
    assert resolve(RAW, "other").model == RAW["model"]
    assert resolve({}, "other").training.use == ("text", "audio", "vision")


def test_an_unknown_key_names_the_file_and_the_nearest_valid_one():
    with pytest.raises(ConfigError, match=r"amccl.yaml.*epoch'.*did you mean 'epochs'"):
        resolve({"training": {"epoch": 3}}, "demo", where="amccl.yaml")
    with pytest.raises(ConfigError, match="did you mean 'model'"):
        resolve({"datasets": {"demo": {"modle": {}}}}, "demo")


def test_an_impossible_value_is_refused():
    with pytest.raises(ConfigError, match="audoi"):
        resolve({"training": {"use": ["text", "audoi"]}}, "demo")


@pytest.mark.parametrize("name", plugins.names("models"))
@pytest.mark.parametrize("dataset", ["demo", "mosi", "mosei", "sims", "simsv2", "any_other"])
def test_the_shipped_file_of_a_model_fits_the_model(repository, name, dataset):
    path = repository / "config" / "models" / f"{name}.yaml"
    settled = resolve(yaml.safe_load(path.read_text()) if path.is_file() else {}, dataset)
    plugins.load("models", name).Config(**settled.model)


def test_a_variant_lays_its_values_over_those_of_the_dataset():
    variants = {"no_contrast": {"model": {"contrast": {"weight": 0.0}}}}
    demo = resolve({**RAW, "variants": variants}, "demo", variant="no_contrast")
    assert demo.model == {"channels": 64, "contrast": {"weight": 0.0, "margin": 0.8}}
    with pytest.raises(ConfigError, match=r"amccl.yaml: no variant 'no_contrst'; did you mean 'no_contrast'"):
        resolve({"variants": variants}, "demo", variant="no_contrst", where="amccl.yaml")


@pytest.mark.parametrize("name", plugins.names("models"))
def test_every_shipped_variant_differs_from_the_model_and_fits_it(repository, name):
    raw = yaml.safe_load((repository / "config" / "models" / f"{name}.yaml").read_text())
    for variant in raw.get("variants", {}):
        dataset = "mosi_papersplit" if variant == "all_modalities" else "demo"
        settled = resolve(raw, dataset, variant=variant)
        assert settled != resolve(raw, dataset)
        plugins.load("models", name).Config(**settled.model)


def test_settings_are_read_without_torch():
    code = "import sys; import pipeline.config.training; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_model_without_a_version_is_an_error_that_names_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr(plugins, "source", lambda _kind, name: tmp_path / f"{name}.py")
    (tmp_path / "unversioned.py").write_text("NAME = 'unversioned'\n")
    with pytest.raises(ConfigError, match=r"models/unversioned\.py: VERSION is missing"):
        model_version("unversioned@variant")
