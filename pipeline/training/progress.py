"""A progress bar on a terminal; nothing in a log, where one line per epoch is written instead."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def tracked(items: Sequence[Item], title: str) -> Iterator[Item]:
    """Iterate with a bar on standard error that vanishes at the end."""
    if not sys.stderr.isatty():
        yield from items
        return
    yield from track(items, description=title, console=Console(stderr=True), transient=True)
