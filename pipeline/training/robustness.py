"""A trained model on the test split under every corruption at every level."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models._base import SentimentModel
from pipeline.corruptions.levels import LEVELS, MEDIA, PROXY_STRENGTHS, STRENGTHS, Name
from pipeline.corruptions.splits import Tools, corrupt
from pipeline.packs.schema import PackSplit
from pipeline.training.batches import Clips
from pipeline.training.predict import predict, score
from pipeline.training.run_folder import Run

#: ``raw``: the corruption as defined. ``proxy``: its feature-space proxy, where there is no media.
Origin = Literal["raw", "proxy"]
#: The test split as extracted from corrupted media, where there is one.
ReadRaw = Callable[[Name, int], PackSplit | None]


@dataclass(frozen=True)
class Trial:
    """The test split at one level of one corruption.

    Attributes:
        corruption: its name.
        level: 0 (nothing is corrupted) to 4.
        strength: in the corruption's own unit; for a proxy in standard deviations; None at level 0.
        origin: raw or proxy.
        split: the clips.
    """

    corruption: Name
    level: int
    strength: float | None
    origin: Origin
    split: PackSplit


Row = dict[str, str | int | float]

_FIELDS: dict[str, tuple[str, ...]] = {
    "text": ("raw_text", "text_bert", "text"),
    "audio": ("audio", "audio_mask"),
    "vision": ("vision", "vision_mask"),
}


def trials(test: PackSplit, *, seed: int, tools: Tools, read_raw: ReadRaw) -> Iterator[Trial]:
    """Every corruption that the tools can make, at every level.

    Args:
        test: the clean test split.
        seed: of the random numbers; all models of one seed meet the same clips.
        tools: tokenizer, language, spread.
        read_raw: asked for blur and audio noise.
    """
    for name in tools.names:
        levels = [_trial(name, level, test, seed=seed, tools=tools, read_raw=read_raw) for level in LEVELS]
        yield Trial(name, 0, None, levels[0].origin, test)
        yield from levels


def scored(model: SentimentModel, run: Run, tried: Iterable[Trial]) -> list[Row]:
    """Rows of ``robustness.csv``: each trial and the metrics of the run under it.

    A trial that changes nothing the model may see gets the scores of the trial of level 0 before it.
    """
    use = [name for name in run.settings.training.use if name in model.modalities]
    device = next(model.parameters()).device
    plain: PackSplit | None = None
    plain_scores: dict[str, float] = {}
    rows: list[Row] = []
    for trial in tried:
        if plain is not None and _looks_same(trial.split, plain, use):
            scores = plain_scores
        else:
            predictions = predict(model, Clips(trial.split, use=run.settings.training.use, device=device))
            scores = score(run.families, trial.split, predictions).values
        if trial.level == 0:
            plain, plain_scores = trial.split, scores
        strength = "" if trial.strength is None else trial.strength
        facts = {"corruption": trial.corruption, "level": trial.level, "strength": strength, "origin": trial.origin}
        rows.append({**facts, **scores})
    return rows


def _looks_same(split: PackSplit, other: PackSplit, use: Collection[str]) -> bool:
    fields = [field for name in use for field in _FIELDS[name]]
    return all(np.array_equal(getattr(split, field), getattr(other, field)) for field in fields)


def _trial(name: Name, level: int, test: PackSplit, *, seed: int, tools: Tools, read_raw: ReadRaw) -> Trial:
    split = read_raw(name, level) if name in MEDIA else None
    if split is not None:
        return Trial(name, level, STRENGTHS[name][level - 1], "raw", split)
    strength = (PROXY_STRENGTHS if name in MEDIA else STRENGTHS)[name][level - 1]
    origin: Origin = "proxy" if name in MEDIA else "raw"
    changed = corrupt(test, name, [strength] * len(test), seed=seed, tools=tools)
    return Trial(name, level, strength, origin, changed)
