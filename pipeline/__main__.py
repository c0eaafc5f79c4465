"""The command line: ``python -m pipeline STEP ...``."""

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

#: What to do about a disk that takes no more.
_OF_THE_DISK = {
    errno.ENOSPC: "the disk is full: make room, then start again; what is finished is kept",
    errno.EDQUOT: "the quota is used up: make room, then start again; what is finished is kept",
    errno.EFBIG: "files may not grow that large here: raise the limit (ulimit -f), then start again",
    errno.EROFS: "the file system is read-only: make it writable or name another folder",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step.

    Returns:
        0 on success, 1 when a check found errors, 2 on an error of the user's making.
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
        if debug or error.errno not in _OF_THE_DISK:
            raise
        print(f"error: {' '.join(str(error).split())}; {_OF_THE_DISK[error.errno]}", file=sys.stderr)
        return 2


def _run(name: str, words: Sequence[str]) -> int:
    if run := os.environ.get(RUN_PID):
        end_with(int(run))
    step = plugins.load("steps", name.replace("-", "_"))
    status = step.run(**vars(parser_of(name).parse_args(words)))
    return int(status or 0)


def parser_of(name: str) -> argparse.ArgumentParser:
    """The command line of a step, as a user writes its name.

    Raises:
        ConfigError: there is no such step.
    """
    step = plugins.load("steps", name.replace("-", "_"))
    return make_parser(step.run, prog=f"python -m pipeline {name}", description=step.__doc__)


def _overview() -> str:
    lines = ["usage: python -m pipeline STEP [options]      (STEP --help tells more)", ""]
    lines += [f"  {step.replace('_', '-'):14} {_summary(step)}" for step in plugins.names("steps")]
    return "\n".join(lines)


def _summary(step: str) -> str:
    text = ast.get_docstring(ast.parse(plugins.source("steps", step).read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
