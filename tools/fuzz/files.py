"""A temporary file, rewritten for every input."""

import tempfile
from functools import cache
from pathlib import Path


def file_of(content: bytes, name: str) -> Path:
    """The input as a file of this name, in a folder of the process."""
    path = Path(_folder().name) / name
    path.write_bytes(content)
    return path


@cache
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="triptych-fuzz-")
