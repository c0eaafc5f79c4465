"""Triptych's package: raw video clips to features, packs, labels, trained models and a report.

``from pipeline import extract, load_run, open_pack, score``: see docs/api.md. They are imported when they are first
asked for, so that planning a workflow stays light.
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
