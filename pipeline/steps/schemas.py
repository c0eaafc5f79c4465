"""Write the JSON schemas of all settings to config/schemas, for editors and for reading.

example: python -m pipeline schemas
"""

import json
from pathlib import Path

from pydantic import BaseModel

from pipeline.config.settings import DatasetConfig, PackConfig, RunConfig
from pipeline.config.sweeps import SweepConfig
from pipeline.config.training import TrainingSettings
from pipeline.config.unions import UnionConfig
from pipeline.core import plugins
from pipeline.core.atomic_write import write_if_changed


def run(*, output: Path = Path("config/schemas")) -> None:
    """Write one schema per kind of settings.

    Args:
        output: folder to write.
    """
    for name, model in settings_models().items():
        content = json.dumps(model.model_json_schema(), indent=1, sort_keys=True) + "\n"
        write_if_changed(output / f"{name}.schema.json", content.encode())


def settings_models() -> dict[str, type[BaseModel]]:
    """Every kind of settings by the name of its schema."""
    models: dict[str, type[BaseModel]] = {
        "config": RunConfig,
        "dataset": DatasetConfig,
        "pack": PackConfig,
        "training": TrainingSettings,
        "union": UnionConfig,
        "sweep": SweepConfig,
    }
    models |= {f"features.{name}": plugins.load("extractors", name).Config for name in plugins.names("extractors")}
    models |= {f"reader.{name}": plugins.load("readers", name).Options for name in plugins.names("readers")}
    models |= {f"model.{name}": plugins.load("models", name).Config for name in plugins.names("models")}
    return models
