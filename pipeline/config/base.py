"""The base of every settings class."""

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Immutable; unknown keys are errors; the text below a field is its description."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Settings(FrozenModel):
    """Base of the settings of the pipeline. ``python -m pipeline schemas`` documents them."""
