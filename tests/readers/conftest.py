"""Reading a raw folder as the workflow does: reader, options and checks of a dataset's own YAML."""

from pathlib import Path

import pytest

from pipeline.config.loading import read_yaml, validated
from pipeline.config.settings import DatasetConfig
from pipeline.readers._base import LabelTable
from pipeline.scanning.reading import faults_of, open_raw


@pytest.fixture(scope="session")
def read_dataset(repository):
    """Read a folder with the settings of ``config/datasets/<name>.yaml``, some options changed."""

    def read(name: str, raw: Path, **options) -> tuple[LabelTable, list[str]]:
        path = repository / "config" / "datasets" / f"{name}.yaml"
        config = validated(DatasetConfig, read_yaml(path), str(path))
        config = config.model_copy(update={"options": {**config.options, **options}})
        table = open_raw(name, config, raw).read()
        return table, [f"{fault.where}: {fault.reason}" for fault in faults_of(table, config)]

    return read
