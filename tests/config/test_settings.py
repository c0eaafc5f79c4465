"""Settings: unknown keys name the nearest valid one, shipped files resolve, schemas match the code."""

import json
import re

import pytest
import yaml

from pipeline.config.loading import check_against_schema, merged, read_yaml, validated
from pipeline.config.settings import DatasetConfig, PackConfig, WorkflowConfig
from pipeline.core.errors import ConfigError
from pipeline.steps.schemas import run as write_schemas
from pipeline.steps.schemas import settings_files

#: A line of config.yaml that shows a default.
_COMMENTED_KEY = re.compile(r"# [a-z_]+: \S+$")


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (WorkflowConfig, {"datasets": ["demo"], "pakcs": []}, "unknown key 'pakcs'; did you mean 'packs'?"),
        (PackConfig, {"audio": {"extractor": "x", "rate": 3}}, "unknown key 'audio.rate'; did you mean 'rate_hz'?"),
        (PackConfig, {"vision": {"extractor": "x", "length": {"rows": 5, "percentile": 50}}}, "exactly one of rows"),
        (WorkflowConfig, {}, "neither datasets nor unions are named"),
        (WorkflowConfig, {"datasets": "demo"}, "datasets is 'demo'"),
        (DatasetConfig, {"label_range": [3, -3]}, "expected the lower bound first"),
        (DatasetConfig, {"zzz": 1}, "valid: "),
    ],
)
def test_a_wrong_setting_is_a_one_line_error_with_its_place(model, values, message):
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


def test_the_committed_schemas_and_page_are_what_the_code_says(repository, tmp_path):
    write_schemas(output=tmp_path, page=tmp_path / "settings.md")
    written = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    schemas = (repository / "config" / "schemas").glob("*.json")
    assert {path.name: json.loads(path.read_text()) for path in schemas} == written, "run: make schemas"
    page = (repository / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == (tmp_path / "settings.md").read_text(encoding="utf-8"), "run: make schemas"


def test_every_field_of_every_setting_is_documented():
    for file in settings_files():
        schema = file.model.model_json_schema()
        for part in [schema, *schema.get("$defs", {}).values()]:
            bare = [name for name, field in part.get("properties", {}).items() if not field.get("description")]
            assert not bare, f"{file.model}: {bare}"


def test_the_page_describes_nested_keys_units_and_bounds(repository):
    page = (repository / "docs" / "settings.md").read_text(encoding="utf-8")
    assert "| `audio.length.multiple_of` | integer, ≥ 1 | `25` |" in page
    assert "| `clip_limit_s` | number, > 0 | `900` | s |" in page
    assert "| `space.<name>.range` | [integer or number, integer or number] or null | `null` |" in page


def test_the_run_file_lists_every_key_with_its_default(repository):
    text = (repository / "config" / "config.yaml").read_text(encoding="utf-8")
    shown = yaml.safe_load("\n".join(line[2:] for line in text.splitlines() if _COMMENTED_KEY.match(line)))
    assert shown.keys() | yaml.safe_load(text).keys() == WorkflowConfig.model_fields.keys()
    assert shown == {key: WorkflowConfig.model_fields[key].default for key in shown}


def test_a_key_that_a_stale_schema_lacks_names_the_command(tmp_path):
    (tmp_path / "model.toy.schema.json").write_text('{"properties": {"width": {}}}')
    with pytest.raises(ConfigError, match=r"unknown key 'zzz'; valid: width; .* run: make schemas"):
        check_against_schema({"zzz": 2}, tmp_path / "model.toy.schema.json", "toy.yaml")
