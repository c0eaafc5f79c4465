"""The settings of a sweep over a model's settings."""

from typing import Any, Literal

from pydantic import Field, model_validator

from pipeline.config.base import Settings

Number = int | float


class Domain(Settings):
    """Values of one setting. Set exactly one of the three."""

    choice: list[Any] | None = Field(default=None, min_length=1)
    """One of these."""
    range: tuple[Number, Number] | None = None
    """Uniform between these; integers if both are integers."""
    log_range: tuple[Number, Number] | None = None
    """Log-uniform between these; integers if both are integers."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Domain":
        if sum(kind is not None for kind in (self.choice, self.range, self.log_range)) != 1:
            message = "give exactly one of choice, range and log_range"
            raise ValueError(message)
        low, high = self.range or self.log_range or (1, 2)
        if not low < high or (self.log_range and low <= 0):
            message = f"is [{low}, {high}]; expected the lower bound first, and above 0 in log_range"
            raise ValueError(message)
        return self


class SweepConfig(Settings):
    """``config/sweeps/<name>.yaml``: which settings of a model to try on which datasets."""

    model: str
    """Name of a file in ``models/``, or a variant."""
    datasets: list[str] = Field(min_length=1)
    """Datasets of ``config/config.yaml``; each is searched separately, with the same trials."""
    pack: str
    """Name of the pack to train on."""
    space: dict[str, Domain] = Field(min_length=1)
    """Settings to vary, by key: ``model.<setting>`` or ``training.<setting>``, with dots for nested settings."""
    sampler: Literal["random", "grid"] = "random"
    """``random`` samples trials independently; ``grid`` runs all combinations of choices."""
    trials: int = Field(default=20, ge=1, le=1000)
    """Number of random trials; raising it keeps the first ones. Not used by ``grid``."""
    seed: int = 0
    """Seed of the sampler."""
    seeds: list[int] = Field(default=[1111], min_length=1)
    """Training seeds; trials are ranked by their mean."""
    metric: str | None = None
    """Metric of the valid split that ranks trials; null: MAE for sentiment, Weighted_F1 for emotions, Combined for
    a union."""

    @model_validator(mode="after")
    def _keys_are_settings(self) -> "SweepConfig":
        wrong = [key for key in self.space if key.partition(".")[0] not in ("model", "training") or "." not in key]
        if wrong:
            message = f"space has the key '{wrong[0]}'; expected model.<setting> or training.<setting>"
            raise ValueError(message)
        return self


class SweepTrials(Settings):
    """``settings/sweeps/<name>.json`` of a dataset: the trials drawn."""

    model: str
    """As in the sweep's file."""
    seeds: list[int]
    """As in the sweep's file."""
    metric: str | None
    """As in the sweep's file."""
    trials: dict[str, dict[str, Any]]
    """Values by setting, by the trial's name."""
