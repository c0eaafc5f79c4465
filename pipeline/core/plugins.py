"""A file name is a registration: the plug-ins of a kind are the files of its folder."""

import ast
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal

from pipeline.core.errors import ConfigError, nearest

Kind = Literal["extractors", "readers", "steps", "models"]

_PACKAGES: dict[Kind, str] = {
    "extractors": "pipeline.extractors",
    "readers": "pipeline.readers",
    "steps": "pipeline.steps",
    "models": "models",
}
_ROOT = Path(__file__).resolve().parents[2]


def names(kind: Kind) -> list[str]:
    """All plug-ins of a kind, sorted. Files that begin with an underscore are shared helpers."""
    folder = _ROOT.joinpath(*_PACKAGES[kind].split("."))
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def source(kind: Kind, name: str) -> Path:
    """The file of a plug-in.

    Raises:
        ConfigError: there is none of this name; names the nearest one.
    """
    known = names(kind)
    if name not in known:
        raise ConfigError(
            f"no {kind.removesuffix('s')} '{name}' in {_PACKAGES[kind].replace('.', '/')}/; {nearest(name, known)}"
        )
    return _ROOT.joinpath(*_PACKAGES[kind].split("."), f"{name}.py")


def load(kind: Kind, name: str) -> ModuleType:
    """Import a plug-in.

    Raises:
        ConfigError: there is none of this name.
    """
    source(kind, name)
    return import_module(f"{_PACKAGES[kind]}.{name}")


@cache
def literals(kind: Kind, name: str) -> Mapping[str, Any]:
    """Upper-case literal constants of a plug-in's file, read without importing it.

    Raises:
        ConfigError: there is none of this name.
    """
    tree = ast.parse(source(kind, name).read_text(encoding="utf-8"))
    constants: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            key = node.targets[0].id
            if key.isupper() and not key.startswith("_"):
                constants[key] = _literal(node.value)
    return MappingProxyType({key: value for key, value in constants.items() if value is not None})


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
