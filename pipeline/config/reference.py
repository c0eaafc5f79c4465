"""The page ``docs/settings.md``: every setting with its type, default, unit and meaning."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

_UNITS = {"s": "s", "ms": "ms", "hz": "Hz", "px": "px", "db": "dB"}
_TYPES = {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false", "null": "null"}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_HEAD = """# Settings

Every setting, where you write it, its default and its meaning. A YAML file overrides a default in the code, and
`--config` on the command line overrides `config/config.yaml`. An unknown key is an error that names the nearest valid
one. Editors can use the JSON schemas in `config/schemas/`.

Settings of an extractor are merged in this order; the last one wins: the code, `config/features/<extractor>.yaml`,
`features` in the dataset's file, `features` in `config/config.yaml`, `--config`.

`make schemas` writes this page from the settings classes; do not edit it by hand.
"""
_TABLE = "| key | type | default | unit | meaning |\n| --- | --- | --- | --- | --- |"

Schema = dict[str, Any]


@dataclass(frozen=True)
class SettingsFile:
    """A settings class and where its values are written.

    Attributes:
        schema: name of its JSON schema.
        section: heading that it belongs under.
        title: its own heading; empty if it is the only one of the section.
        where: the file, and the key within it, in Markdown.
        model: the class.
    """

    schema: str
    section: str
    title: str
    where: str
    model: type[BaseModel]


def settings_page(files: Sequence[SettingsFile]) -> str:
    """The whole page in Markdown."""
    parts, section = [_HEAD], ""
    for file in files:
        if file.section != section:
            section = file.section
            parts.append(f"## {section}\n")
        parts += [f"### {file.title}\n"] * bool(file.title)
        parts.append(f"In {file.where}.\n")
        schema = file.model.model_json_schema()
        rows = list(_rows(schema, schema.get("$defs", {})))
        parts.append("\n".join([_TABLE, *rows]) + "\n")
    return "\n".join(parts)


def _rows(schema: Schema, shared: dict[str, Schema], prefix: str = "") -> Iterator[str]:
    for name, field in schema["properties"].items():
        key = f"{prefix}{name}"
        default = "required" if name in schema.get("required", ()) else f"`{_default(field)}`"
        meaning = " ".join(field.get("description", "").replace("``", "`").replace("|", "\\|").split())
        yield f"| `{key}` | {_type(field, shared)} | {default} | {_unit(name)} | {meaning} |"
        for inner, suffix in _nested(field, shared):
            yield from _rows(inner, shared, f"{key}{suffix}.")


def _default(field: Schema) -> str:
    """The default as YAML on one line; that of nested settings is in their own rows."""
    value = field.get("default", [] if field.get("type") == "array" else {})
    if value and isinstance(value, dict):
        return "{...}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return json.dumps(value, ensure_ascii=False).replace('"', "") if value != "" else '""'


def _type(field: Schema, shared: dict[str, Schema]) -> str:
    if "$ref" in field:
        return "mapping"
    if "anyOf" in field:
        return " or ".join(_type(kind, shared) for kind in field["anyOf"])
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if "prefixItems" in field:
        return f"[{', '.join(_type(item, shared) for item in field['prefixItems'])}]"
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), shared)}"
    bounds = [f"{sign} {field[name]:g}" for name, sign in _BOUNDS.items() if name in field]
    return ", ".join([_TYPES.get(field.get("type", ""), "mapping" if "type" in field else "any value"), *bounds])


def _nested(field: Schema, shared: dict[str, Schema]) -> Iterator[tuple[Schema, str]]:
    """Settings within a field, and what their keys have between: nothing, or the name of an entry."""
    for kind in [field, *field.get("anyOf", [])]:
        values = kind.get("additionalProperties")
        for part, suffix in ((kind, ""), (values if isinstance(values, dict) else {}, ".<name>")):
            inner = shared.get(str(part.get("$ref", "")).rpartition("/")[2], {})
            if "properties" in inner:
                yield inner, suffix


def _unit(name: str) -> str:
    return _UNITS.get(name.rpartition("_")[2], "") if "_" in name else ""
