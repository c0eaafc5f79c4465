"""Write the JSON schemas of all settings to config/schemas, for editors and for reading.

example: python -m pipeline schemas
"""

import argparse
import json
from pathlib import Path

from pydantic import BaseModel

from pipeline import discovery
from pipeline.atomic import write_if_changed
from pipeline.config.settings import DatasetConfig, PackConfig, RunConfig
from pipeline.config.unions import UnionConfig
from pipeline.training.settings import TrainingSettings
from pipeline.training.sweeps import SweepConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--output", type=Path, default=Path("config/schemas"), help="folder (default: config/schemas)")


def run(*, output: Path) -> None:
    """Write one schema per kind of settings.

    Args:
        output: the folder they go to.
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
    models |= {f"features.{name}": discovery.load("extractors", name).Config for name in discovery.names("extractors")}
    models |= {f"reader.{name}": discovery.load("readers", name).Options for name in discovery.names("readers")}
    models |= {f"model.{name}": discovery.load("models", name).Config for name in discovery.names("models")}
    return models
