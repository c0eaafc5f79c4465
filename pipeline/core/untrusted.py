"""Reading small untrusted files, up to a size limit."""

import errno
from pathlib import Path


def read_bounded(path: Path, *, limit_bytes: int) -> bytes:
    """A file's content.

    Raises:
        OSError: it cannot be read, or is larger than the limit.
    """
    with path.open("rb") as file:
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise OSError(errno.EFBIG, f"larger than {limit_bytes >> 20} MB, which no such file should be", path.name)
    return content
