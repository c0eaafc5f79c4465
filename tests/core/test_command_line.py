"""A command line is derived from a function's signature and docstring."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from pipeline.core.command_line import make_parser


def convert(
    source: Path,
    extra: Sequence[str] = (),
    *,
    run_dir: Path,
    seeds: Sequence[int] = (),
    form: Literal["pkl", "h5"] | None = None,
    level: Literal[1, 2] = 1,
    rate: float = 2.5,
    all: bool = False,
) -> None:
    """Convert a file.

    Args:
        source: file to read.
        extra: more files.
        run_dir: folder of a run, which has a long
            description.
        seeds: seeds.
        form: ``pkl`` or ``h5``.
        level: 50 % or 100 %.
        rate: a rate.
        all: everything.

    Raises:
        ValueError: never.
    """


@pytest.fixture
def parser():
    return make_parser(convert, prog="convert", description="Text.")


def test_values_have_the_annotated_types(parser):
    words = shlex.split("a.pkl b c --run-dir d --seeds 1 2 --form h5 --level 2 --rate 3 --all")
    assert vars(parser.parse_args(words)) == {
        "source": Path("a.pkl"),
        "extra": ["b", "c"],
        "run_dir": Path("d"),
        "seeds": [1, 2],
        "form": "h5",
        "level": 2,
        "rate": 3.0,
        "all": True,
    }


def test_defaults_are_those_of_the_signature(parser):
    values = vars(parser.parse_args(["a.pkl", "--run-dir", "d"]))
    assert values | {"source": None, "run_dir": None} == {
        "source": None,
        "run_dir": None,
        **convert.__kwdefaults__,
        "extra": (),
    }


@pytest.mark.parametrize("words", [["a.pkl"], ["--run-dir", "d"], ["a.pkl", "--run-dir", "d", "--level", "3"]])
def test_missing_and_invalid_values_are_usage_errors(parser, words):
    with pytest.raises(SystemExit):
        parser.parse_args(words)


def test_the_help_is_the_args_section(parser):
    text = " ".join(parser.format_help().split())
    assert "folder of a run, which has a long description --seeds" in text
    assert "pkl or h5 --level {1,2} 50 % or 100 % (default: 1)" in text
