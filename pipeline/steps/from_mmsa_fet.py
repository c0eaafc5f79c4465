"""Convert a configuration file of MMSA-FET to Triptych's settings.

Writes the run settings, <output>/<name>.yaml, and the pack, <output>/packs/<name>.yaml; <name> is that of the JSON
file. Prints the settings that have no equivalent. Existing files are not overwritten.
example: python -m pipeline from-mmsa-fet my_config.json --dataset mydata
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.config.loading import validated
from pipeline.config.settings import PackConfig, WorkflowConfig
from pipeline.core import plugins
from pipeline.core.atomic_write import atomic_path
from pipeline.core.console import print_line
from pipeline.core.errors import ConfigError
from pipeline.steps._mmsa_fet import Converted, convert


def run(config: Path, *, dataset: str = "mydata", output: Path = Path("config")) -> None:
    """Write the settings and print a remark on each one without an equivalent.

    Args:
        config: configuration file of MMSA-FET (.json).
        dataset: name of the dataset to build.
        output: folder of settings.

    Raises:
        ConfigError: the file is not a configuration of MMSA-FET, a value is invalid, or a target exists.
    """
    result = _converted(config)
    name = config.stem
    build = {"datasets": [dataset], "packs": [name], "features": result.features}
    targets = {output / f"{name}.yaml": build, output / "packs" / f"{name}.yaml": result.pack}
    for target in targets:
        if target.exists():
            raise ConfigError(f"{target}: exists already; move it away, or give another folder with --output")
    for target, content in targets.items():
        _write(target, content, config.name)
        print_line(f"written: {target}", "ok")
    for remark in result.remarks:
        print_line(f"warning: {remark}", "warning")
    print_line(f"next: snakemake --cores 2 --configfile {output / name}.yaml -- packs")


def _converted(path: Path) -> Converted:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable JSON ({error}); expected a configuration of MMSA-FET") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: contains a {type(content).__name__}; expected sections audio, video, text, align")
    try:
        result = convert(content)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    where = f"{path}, converted"
    validated(PackConfig, result.pack, where)
    validated(WorkflowConfig, {"datasets": ["any"], "features": result.features}, where)
    for extractor, settings in result.features.items():
        validated(plugins.load("extractors", extractor).Config, settings, f"{where}: {extractor}")
    return result


def _write(target: Path, content: Mapping[str, Any], source: str) -> None:
    text = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)
    with atomic_path(target) as part:
        part.write_text(f"# Made of {source} by python -m pipeline from-mmsa-fet.\n{text}", encoding="utf-8")
