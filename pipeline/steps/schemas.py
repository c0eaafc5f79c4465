"""Write the JSON schemas of all settings and docs/settings.md.

example: python -m pipeline schemas
"""

import json
from collections.abc import Iterator
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
    dataset, model = "`config/datasets/<name>.yaml`", "`config/models/<model>.yaml`"
    features = "`config/features/{0}.yaml`, or under `features.{0}` of the run or of a dataset"
    models = "Models and training"
    return [
        SettingsFile("config", "Run", "", "`config/config.yaml`", WorkflowConfig),
        SettingsFile("dataset", "Datasets", "", dataset, DatasetConfig),
        *_of_plugins("readers", "reader", "Readers", dataset + " with `reader: {0}`, under `options`"),
        *_of_plugins("extractors", "features", "Extractors", features),
        SettingsFile("pack", "Packs", "", "`config/packs/<name>.yaml`", PackConfig),
        SettingsFile("model", models, "A model's file", model, ModelFile),
        SettingsFile("training", models, "Training", f"{model}, under `training`", TrainingSettings),
        *_of_plugins("models", "model", models, "`config/models/{0}.yaml`, under `model`"),
        SettingsFile("union", "Unions", "", "`config/unions/<name>.yaml`", UnionConfig),
        SettingsFile("sweep", "Sweeps", "", "`config/sweeps/<name>.yaml`", SweepConfig),
    ]


def _of_plugins(kind: plugins.Kind, schema: str, section: str, where: str) -> Iterator[SettingsFile]:
    """The settings of every plug-in of a kind; ``{0}`` in ``where`` becomes its name."""
    for name in plugins.names(kind):
        module = plugins.load(kind, name)
        settings = module.Options if kind == "readers" else module.Config
        yield SettingsFile(f"{schema}.{name}", section, name, where.format(name), settings)
