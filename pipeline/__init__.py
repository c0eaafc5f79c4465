"""Triptych: raw video clips to features, packs, labels, trained models and a report.

The Python API is ``extract``, ``load_run``, ``open_pack`` and ``score`` (docs/api.md). They are imported on first use,
so that jobs that do not need them start fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api import extract, load_run, open_pack, score

__version__ = "0.1.0"
__all__ = ["__version__", "extract", "load_run", "open_pack", "score"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("pipeline.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
