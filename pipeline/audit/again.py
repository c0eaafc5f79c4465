"""A sample of clips is extracted again from the raw files and compared with the stores."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audit.evidence import Arrays, Extracted, Fault
from pipeline.core.extractor_facts import extractor_facts
from pipeline.extraction.isolation import IsolatedExtractor
from pipeline.extraction.tasks import Failure, Task
from pipeline.features.features import Features
from pipeline.index.manifest import Clip
from pipeline.media.span import MediaSpan
from pipeline.words.timed import TimedWord

_LIMIT_S = 900.0
#: Relative and absolute; on one machine the numbers are equal, another processor may round otherwise.
_TOLERANCE = 1e-4


def check_again(clips: Sequence[Clip], stores: Extracted, raw: Path, language: str) -> Iterator[Fault]:
    """Extract some stored clips anew.

    Args:
        clips: rows of the table, all of them stored.
        stores: the extractor's stores.
        raw: the dataset's raw folder.
        language: of the transcripts.

    Raises:
        PipelineError: the extractor cannot run.
    """
    settings = {**stores.settings["settings"], **stores.settings["outside"]}
    reads = extractor_facts(stores.name).reads
    with IsolatedExtractor(stores.name, settings, limit_s=_LIMIT_S) as extractor:
        for clip in clips:
            outcome = extractor.extract([_task(clip, reads, raw, language)])[0]
            where = f"features/{stores.name} {clip.clip_id}"
            if isinstance(outcome, Failure):
                yield Fault(where, f"stored, but cannot be extracted again: {outcome.reason}")
            elif what := _difference(outcome.features, stores.clips[clip.clip_id].arrays(clip.clip_id)):
                yield Fault(where, f"{what} differ from those extracted again from the raw data")


def _task(clip: Clip, reads: Sequence[str], raw: Path, language: str) -> Task:
    given: dict[str, Any] = {}
    if {"sound", "video"} & set(reads) and clip.media:
        given["media"] = MediaSpan(raw / clip.media, clip.start_s, clip.end_s, clip.crop)
    if "words" in reads and clip.words is not None:
        given["given_words"] = tuple(TimedWord(*word) for word in clip.words)
    return Task(clip.clip_id, key="", text=clip.text, language=language, **given)


def _difference(features: Features, stored: Arrays) -> str:
    """Names of the arrays that are not equal; nothing if all are."""
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
