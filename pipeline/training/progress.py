"""A progress bar on a terminal; a log has one line per epoch instead."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def tracked(items: Sequence[Item], title: str) -> Iterator[Item]:
    """Iterate with a bar on standard error that disappears at the end."""
    if not sys.stderr.isatty():
        yield from items
        return
    yield from track(items, description=title, console=Console(stderr=True), transient=True)
