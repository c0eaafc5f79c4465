"""Write the JSON schemas of all settings and docs/settings.md.

example: python -m pipeline schemas
"""

import json
from pathlib import Path

from pipeline.config.reference import SettingsFile, settings_page
from pipeline.config.settings import DatasetConfig, PackConfig, WorkflowConfig
from pipeline.config.sweeps import SweepConfig
from pipeline.config.training import ModelFile, TrainingSettings
from pipeline.config.unions import UnionConfig
from pipeline.core import plugins
from pipeline.core.atomic_write import write_if_changed


def run(*, output: Path = Path("config/schemas"), page: Path = Path("docs/settings.md")) -> None:
    """Write one schema per settings class, and one page about all of them.

    Args:
        output: folder of the schemas.
        page: Markdown page.
    """
    files = settings_files()
    for file in files:
        content = json.dumps(file.model.model_json_schema(), indent=1, sort_keys=True) + "\n"
        write_if_changed(output / f"{file.schema}.schema.json", content.encode())
    write_if_changed(page, settings_page(files).encode())


def settings_files() -> list[SettingsFile]:
    """Every settings class, in the order of the page."""
    extractors, readers, models = (plugins.names(kind) for kind in ("extractors", "readers", "models"))
    dataset, model = "`config/datasets/<name>.yaml`", "`config/models/<model>.yaml`"
    return [
        SettingsFile("config", "Run", "", "`config/config.yaml`", WorkflowConfig),
        SettingsFile("dataset", "Datasets", "", dataset, DatasetConfig),
        *(
            SettingsFile(
                f"reader.{name}",
                "Readers",
                name,
                f"{dataset} with `reader: {name}`, under `options`",
                plugins.load("readers", name).Options,
            )
            for name in readers
        ),
        *(
            SettingsFile(
                f"features.{name}",
                "Extractors",
                name,
                f"`config/features/{name}.yaml`, or under `features.{name}` of the run or of a dataset",
                plugins.load("extractors", name).Config,
            )
            for name in extractors
        ),
        SettingsFile("pack", "Packs", "", "`config/packs/<name>.yaml`", PackConfig),
        SettingsFile("model", "Models and training", "A model's file", model, ModelFile),
        SettingsFile("training", "Models and training", "Training", f"{model}, under `training`", TrainingSettings),
        *(
            SettingsFile(
                f"model.{name}",
                "Models and training",
                name,
                f"`config/models/{name}.yaml`, under `model`",
                plugins.load("models", name).Config,
            )
            for name in models
        ),
        SettingsFile("union", "Unions", "", "`config/unions/<name>.yaml`", UnionConfig),
        SettingsFile("sweep", "Sweeps", "", "`config/sweeps/<name>.yaml`", SweepConfig),
    ]
