"""Extracts a sample of clips again from the raw files and compares them with the stores."""

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.audit.evidence import Arrays, Extracted, Fault
from pipeline.extraction.isolation import IsolatedExtractor
from pipeline.extraction.tasks import Failure, Task
from pipeline.features.features import Features

_LIMIT_S = 900.0
#: Relative and absolute; on one machine the numbers are equal, another processor may round otherwise.
_TOLERANCE = 1e-4


def check_again(tasks: Sequence[Task], stores: Extracted) -> Iterator[Fault]:
    """Extract some stored clips again and compare.

    Args:
        tasks: what to extract; all of these clips are stored.
        stores: the extractor's stores.

    Raises:
        PipelineError: the extractor cannot run.
    """
    settings = {**stores.settings["settings"], **stores.settings["outside"]}
    with IsolatedExtractor(stores.name, settings, limit_s=_LIMIT_S) as extractor:
        for task in tasks:
            (outcome,) = extractor.extract([task])
            where = f"features/{stores.name} {task.clip_id}"
            if isinstance(outcome, Failure):
                yield Fault(where, f"stored, but cannot be extracted again: {outcome.reason}")
            elif what := _difference(outcome.features, stores.clips[task.clip_id].arrays(task.clip_id)):
                yield Fault(where, f"{what} differ from those extracted again from the raw data")


def _difference(features: Features, stored: Arrays) -> str:
    """Names of the arrays that differ; empty if none does."""
    new = {"values": features.values, "times": features.times, "mask": features.mask}
    new |= {f"extra.{name}": array for name, array in features.extras.items()}
    names = [name for name in sorted(new.keys() | stored.keys()) if not _equal(new.get(name), stored.get(name))]
    return ", ".join(names)


def _equal(new: np.ndarray | None, old: np.ndarray | None) -> bool:
    if new is None or old is None or new.shape != old.shape:
        return False
    if new.dtype.kind == "f":
        return bool(np.allclose(new, old, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True))
    return np.array_equal(new, old)
