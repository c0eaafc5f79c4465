"""YAML files to settings, with errors that name the file, the key and the nearest valid one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.core.errors import ConfigError, nearest

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that contains a mapping (an empty file is an empty mapping).

    Raises:
        ConfigError: the file is missing, not valid YAML, or not a mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); create it or correct its name") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: contains a {type(content).__name__}; expected keys with values")
    return content


def validated(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """Build settings; each invalid value becomes one line of the error.

    Args:
        model: the class of the settings.
        values: keys and values as read.
        where: file or option of the values, for the message.

    Raises:
        ConfigError: a key is unknown or missing, or a value is invalid.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        lines = [_explain(model, fault, where) for fault in error.errors()]
        raise ConfigError("\n".join(lines)) from error


def check_against_schema(values: Mapping[str, Any], schema: Path, where: str) -> None:
    """Check settings against their JSON schema, without loading their class (a model's would import torch).

    Raises:
        ConfigError: a key is unknown or a value is invalid.
    """
    from jsonschema import Draft202012Validator

    if not schema.is_file():
        return  # a user's model without a schema: its settings are checked when it is built
    content = json.loads(schema.read_text(encoding="utf-8"))
    known = list(content.get("properties", {}))
    lines = [
        f"{where}: unknown key '{key}'; {nearest(key, known)}; if you added it to the code, run: make schemas"
        for key in values
        if key not in known
    ]
    lines += [
        f"{where}: {'.'.join(map(str, fault.path))} is {fault.instance!r}: {fault.message}"
        for fault in Draft202012Validator(content).iter_errors(dict(values))
        if fault.path
    ]
    if lines:
        raise ConfigError("\n".join(lines))


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings; later ones override earlier ones, and nested mappings are merged."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _explain(model: type[BaseModel], fault: Mapping[str, Any], where: str) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "the file"
    if fault["type"] == "extra_forbidden":
        valid = sorted(_fields_at(model, fault["loc"][:-1]))
        return f"{where}: unknown key '{key}'; {nearest(str(fault['loc'][-1]), valid)}"
    if fault["type"] == "missing":
        return f"{where}: key '{key}' is missing"
    return f"{where}: {key} is {fault['input']!r}: {fault['msg'].removeprefix('Value error, ')}"


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the (nested) settings at ``loc``."""
    for part in loc:
        field = model.model_fields.get(str(part))
        inner = _settings_in(field.annotation) if field else None
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _settings_in(annotation: Any) -> type[BaseModel] | None:
    """The settings class of a field, which may be optional."""
    kinds = get_args(annotation) or (annotation,)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
