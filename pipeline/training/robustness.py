"""Test scores of a trained model under every corruption at every level."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from models._base import SentimentModel
from pipeline.corruptions.levels import LEVELS, MEDIA_MODALITY, PROXY_STRENGTHS, STRENGTHS, CorruptionName
from pipeline.corruptions.splits import CorruptionContext, corrupt
from pipeline.packs.schema import PackSplit
from pipeline.training.predict import predict_split, score
from pipeline.training.run_spec import RunSpec

#: ``raw``: the corruption as defined. ``proxy``: its feature-space proxy, where there is no media.
CorruptionDomain = Literal["raw", "proxy"]
#: Gives the test split that was extracted from corrupted media, if there is one.
ReadRaw = Callable[[CorruptionName, int], PackSplit | None]


@dataclass(frozen=True)
class Condition:
    """The test split at one level of one corruption.

    Attributes:
        corruption: its name.
        level: 0 (nothing is corrupted) to 4.
        strength: in the corruption's own unit; for a proxy in standard deviations; None at level 0.
        origin: raw or proxy.
        split: the clips.
    """

    corruption: CorruptionName
    level: int
    strength: float | None
    origin: CorruptionDomain
    split: PackSplit


_FIELDS: dict[str, tuple[str, ...]] = {
    "text": ("raw_text", "text_bert", "text"),
    "audio": ("audio", "audio_mask"),
    "vision": ("vision", "vision_mask"),
}


def conditions(test: PackSplit, *, seed: int, context: CorruptionContext, read_raw: ReadRaw) -> Iterator[Condition]:
    """Every corruption in ``context.names``, at every level.

    Args:
        test: the clean test split.
        seed: of the random numbers; all models of one seed get the same clips.
        context: tokenizer, language, spread.
        read_raw: called for blur and audio noise.
    """
    for name in context.names:
        levels = [_condition(name, level, test, seed=seed, context=context, read_raw=read_raw) for level in LEVELS]
        yield Condition(name, 0, None, levels[0].origin, test)
        yield from levels


def score_conditions(model: SentimentModel, config: RunSpec, conditions: Iterable[Condition]) -> list[dict[str, Any]]:
    """Rows of ``robustness.csv``: each condition and the metrics of the run under it.

    A condition that changes none of the model's inputs gets the scores of level 0.
    """
    use = [name for name in config.settings.training.use if name in model.modalities]
    plain: PackSplit | None = None
    plain_scores: dict[str, float] = {}
    rows: list[dict[str, Any]] = []
    for condition in conditions:
        if plain is not None and _is_same_input(condition.split, plain, use):
            scores = plain_scores
        else:
            predictions = predict_split(model, condition.split, use=config.settings.training.use)
            scores = score(config.families, condition.split, predictions).values
        if condition.level == 0:
            plain, plain_scores = condition.split, scores
        rows.append(
            {
                "corruption": condition.corruption,
                "level": condition.level,
                "strength": "" if condition.strength is None else condition.strength,
                "origin": condition.origin,
                **scores,
            }
        )
    return rows


def _is_same_input(split: PackSplit, other: PackSplit, use: Collection[str]) -> bool:
    fields = [field for name in use for field in _FIELDS[name]]
    return all(np.array_equal(getattr(split, field), getattr(other, field)) for field in fields)


def _condition(
    name: CorruptionName, level: int, test: PackSplit, *, seed: int, context: CorruptionContext, read_raw: ReadRaw
) -> Condition:
    split = read_raw(name, level) if name in MEDIA_MODALITY else None
    if split is not None:
        return Condition(name, level, STRENGTHS[name][level - 1], "raw", split)
    strength = (PROXY_STRENGTHS if name in MEDIA_MODALITY else STRENGTHS)[name][level - 1]
    origin: CorruptionDomain = "proxy" if name in MEDIA_MODALITY else "raw"
    changed = corrupt(test, name, [strength] * len(test), seed=seed, context=context)
    return Condition(name, level, strength, origin, changed)
