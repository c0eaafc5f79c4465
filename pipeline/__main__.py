"""The command line: ``python -m pipeline COMMAND ...``; a command is a step."""

import argparse
import ast
import errno
import logging
import os
import sys
from collections.abc import Sequence

from pipeline import __version__
from pipeline.core import plugins
from pipeline.core.command_line import make_parser
from pipeline.core.errors import PipelineError
from pipeline.core.parent_process import RUN_PID, end_with

#: Commands that users start, in the order of the overview; the workflow starts all others.
_GROUPS = {
    "Before a run": ("doctor", "demo", "check", "from_mmsa_fet"),
    "Inspect data": ("inspect", "show", "audit", "convert"),
    "Results": ("compare", "report", "predict"),
    "Development": ("schemas",),
}
#: What to do about errors of the disk.
_DISK_ERRORS = {
    errno.ENOSPC: "the disk is full: free space and start again; finished files remain",
    errno.EDQUOT: "the disk quota is exceeded: free space and start again; finished files remain",
    errno.EFBIG: "the file size limit is exceeded: raise the limit (ulimit -f), then start again",
    errno.EROFS: "the file system is read-only: make it writable or name another folder",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step.

    Returns:
        0 on success, 1 if a check found errors, 2 on a user error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return 0 if words else 2
    if words[0] == "--version":
        print(f"triptych {__version__}")
        return 0
    debug = "--debug" in words
    try:
        return _run(words[0], [word for word in words[1:] if word != "--debug"])
    except PipelineError as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.close(sys.stdout.fileno())
        return 0
    except OSError as error:
        if debug or error.errno not in _DISK_ERRORS:
            raise
        print(f"error: {' '.join(str(error).split())}; {_DISK_ERRORS[error.errno]}", file=sys.stderr)
        return 2


def _run(name: str, words: Sequence[str]) -> int:
    if run := os.environ.get(RUN_PID):
        end_with(int(run))
    step = plugins.load("steps", name.replace("-", "_"))
    status = step.run(**vars(parser_of(name).parse_args(words)))
    return int(status or 0)


def parser_of(name: str) -> argparse.ArgumentParser:
    """The command line of a step; dashes in its name count as underscores.

    Raises:
        ConfigError: there is no such step.
    """
    step = plugins.load("steps", name.replace("-", "_"))
    return make_parser(step.run, prog=f"python -m pipeline {name}", description=step.__doc__)


def _overview() -> str:
    lines = ["usage: python -m pipeline COMMAND [options]      (COMMAND --help lists the options)"]
    listed = {step for steps in _GROUPS.values() for step in steps}
    others = tuple(step for step in plugins.names("steps") if step not in listed)
    for title, steps in {**_GROUPS, "Steps of the workflow, started by snakemake": others}.items():
        lines += ["", f"{title}:", *(f"  {step.replace('_', '-'):14} {_summary(step)}" for step in steps)]
    return "\n".join(lines)


def _summary(step: str) -> str:
    text = ast.get_docstring(ast.parse(plugins.source("steps", step).read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
