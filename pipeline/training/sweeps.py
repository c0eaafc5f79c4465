"""Sweeps: settings drawn from a space when the workflow is planned. Neither torch nor any result is looked at."""

from itertools import product
from typing import Any

from pipeline.config.sweeps import Domain, SweepConfig
from pipeline.core.errors import ConfigError


def draw(config: SweepConfig, where: str) -> dict[str, dict[str, Any]]:
    """Trials by name: a function of the sweep's file alone.

    Raises:
        ConfigError: a grid over a range.
    """
    found = _grid(config, where) if config.sampler == "grid" else _random(config)
    return {f"{number:03d}": values for number, values in enumerate(found)}


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
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=config.seed))
    drawn = [study.ask() for _ in range(config.trials)]
    return [{key: _suggest(trial, key, domain) for key, domain in config.space.items()} for trial in drawn]


def _suggest(trial: Any, key: str, domain: Domain) -> Any:
    if domain.choice is not None:
        # Optuna keeps plain values only; lists such as training.use are chosen by their place.
        return domain.choice[trial.suggest_int(key, 0, len(domain.choice) - 1)]
    low, high = domain.range or domain.log_range or (0, 1)
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(key, low, high, log=domain.log_range is not None)
    return float(f"{trial.suggest_float(key, low, high, log=domain.log_range is not None):.4g}")
