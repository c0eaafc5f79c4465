"""The command line of a function, derived from its signature and docstring.

- A keyword-only parameter ``run_dir`` is the option ``--run-dir``; every other parameter is a positional argument.
- A parameter without a default is required.
- The annotation gives the type: ``str``, ``int``, ``float``, ``Path``, ``bool`` (a flag, ``False`` by default),
  ``Literal[...]`` (one of these values), ``Sequence[T]`` (one or more values, or any number where there is a default).
  Of a union, such as ``T | None``, the first type counts.
- The lines under ``Args:`` are the help; defaults are added.
"""

import argparse
import inspect
import re
from collections.abc import Callable, Sequence
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin


def make_parser(function: Callable[..., Any], *, prog: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for the arguments of a function.

    Args:
        function: its parameters become arguments and options.
        prog: the command, as the help shows it.
        description: text of the help.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="--debug shows the traceback of an error.",
    )
    texts = _parameter_texts(function)
    for parameter in inspect.signature(function).parameters.values():
        _add(parser, parameter, texts.get(parameter.name, ""))
    return parser


def _parameter_texts(function: Callable[..., Any]) -> dict[str, str]:
    """Texts of a Google-style ``Args:`` section, without markup."""
    section = (inspect.getdoc(function) or "").partition("Args:\n")[2].partition("\n\n")[0]
    texts = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", section, re.MULTILINE)
    return {name: " ".join(text.replace("``", "").split()).removesuffix(".") for name, text in texts}


def _add(parser: argparse.ArgumentParser, parameter: inspect.Parameter, text: str) -> None:
    default, required = parameter.default, parameter.default is parameter.empty
    if not required and default not in (None, False, ()):
        text = f"{text} (default: {default})"
    settings = {"help": text.replace("%", "%%"), **_value_settings(parameter.annotation, required=required)}
    if not required:
        settings["default"] = default
    if parameter.kind is parameter.KEYWORD_ONLY:
        parser.add_argument(f"--{parameter.name.replace('_', '-')}", required=required, **settings)
    else:
        parser.add_argument(parameter.name, **settings)


def _value_settings(annotation: Any, *, required: bool) -> dict[str, Any]:
    """What argparse must know about the values of an annotated parameter."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = get_args(annotation)[0]
    if annotation is bool:
        return {"action": "store_true"}
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        return {"type": type(choices[0]), "choices": choices}
    if get_origin(annotation) is Sequence:
        return {"type": get_args(annotation)[0], "nargs": "+" if required else "*"}
    return {"type": annotation}
