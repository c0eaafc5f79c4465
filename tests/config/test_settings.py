"""Settings: unknown keys name the nearest valid one, shipped files resolve, schemas match the code."""

import json

import pytest

from pipeline.config.loading import merged, read_yaml, validated
from pipeline.config.settings import DatasetConfig, PackConfig, RunConfig
from pipeline.core.errors import ConfigError
from pipeline.steps.schemas import run as write_schemas


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (RunConfig, {"datasets": ["demo"], "pakcs": []}, "unknown key 'pakcs'; did you mean 'packs'?"),
        (PackConfig, {"audio": {"extractor": "x", "rate": 3}}, "unknown key 'audio.rate'; did you mean 'rate_hz'?"),
        (PackConfig, {"vision": {"extractor": "x", "length": {"rows": 5, "percentile": 50}}}, "either rows or"),
        (RunConfig, {}, "neither datasets nor unions are named"),
        (RunConfig, {"datasets": "demo"}, "datasets is 'demo'"),
        (DatasetConfig, {"label_range": [3, -3]}, "expected the lower bound first"),
        (DatasetConfig, {"zzz": 1}, "valid: "),
    ],
)
def test_a_wrong_setting_is_told_in_one_line_with_its_place(model, values, message):
    with pytest.raises(ConfigError) as caught:
        validated(model, values, "some.yaml")
    assert str(caught.value).startswith("some.yaml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["- a\n- b\n", "a: [1\n", "just words\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, content):
    path = tmp_path / "c.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"c\.yaml"):
        read_yaml(path)


def test_layers_of_settings_merge_deeply_and_later_ones_win():
    assert merged({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"d": [1]}) == {"a": {"b": 1, "c": 3}, "d": [1]}


def test_the_committed_schemas_are_what_the_code_says(repository, tmp_path):
    write_schemas(output=tmp_path)
    made = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    kept = {path.name: json.loads(path.read_text()) for path in (repository / "config" / "schemas").glob("*.json")}
    assert kept == made, "run: make schemas"


def test_every_field_of_every_setting_is_documented(tmp_path):
    write_schemas(output=tmp_path)
    for path in tmp_path.glob("*.json"):
        schema = json.loads(path.read_text())
        parts = [schema, *schema.get("$defs", {}).values()]
        bare = [
            name for part in parts for name, field in part.get("properties", {}).items() if not field.get("description")
        ]
        assert not bare, f"{path.name}: {bare}"
