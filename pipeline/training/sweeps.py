"""Sweeps: settings are drawn from a space while the workflow is planned, without torch and without results."""

import math
from itertools import product
from random import Random
from typing import Any

from pipeline.config.sweeps import Domain, SweepConfig
from pipeline.core.errors import ConfigError


def draw(config: SweepConfig, where: str) -> dict[str, dict[str, Any]]:
    """Trials by name; they depend on the sweep's file only.

    Raises:
        ConfigError: a grid over a range.
    """
    trials = _grid(config, where) if config.sampler == "grid" else _random(config)
    return {f"{number:03d}": values for number, values in enumerate(trials)}


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """``{"model.contrast.weight": 0}`` as ``{"model": {"contrast": {"weight": 0}}}``."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        *outer, last = key.split(".")
        inner = result
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return result


def _grid(config: SweepConfig, where: str) -> list[dict[str, Any]]:
    choices = []
    for key, domain in config.space.items():
        if domain.choice is None:
            raise ConfigError(f"{where}: {key} is a range, which a grid cannot take; use choice, or sampler: random")
        choices.append(domain.choice)
    return [dict(zip(config.space, values, strict=True)) for values in product(*choices)]


def _random(config: SweepConfig) -> list[dict[str, Any]]:
    generator = Random(config.seed)
    return [{key: _draw(domain, generator) for key, domain in config.space.items()} for _ in range(config.trials)]


def _draw(domain: Domain, generator: Random) -> Any:
    if domain.choice is not None:
        return generator.choice(domain.choice)
    low, high = domain.range or domain.log_range or (0, 1)
    if isinstance(low, int) and isinstance(high, int):
        if domain.range:
            return generator.randint(low, high)
        # Each whole number has the part of the scale that rounds to it.
        value = round(math.exp(generator.uniform(math.log(low - 0.5), math.log(high + 0.5))))
        return min(max(value, low), high)
    if domain.range:
        return float(f"{generator.uniform(low, high):.4g}")
    return float(f"{math.exp(generator.uniform(math.log(low), math.log(high))):.4g}")
