"""BERT by OpenVINO on one CPU core.

Importing torch and transformers takes longer than encoding a thousand transcripts, and would slow down every rerun.
"""

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pipeline.extractors._openvino import ONE_CORE
from pipeline.extractors._text.encoder import HiddenStates, PerToken, TextEncoder, Tokens
from pipeline.extractors._text.graph import Shape, Tensors, bert, tensor_names

_TENSORS, _TOKENIZER = "model.safetensors", "tokenizer.json"
_ENDS = ("[CLS]", "[SEP]")


def can_run(folder: Path) -> bool:
    """Whether a folder contains a plain BERT: standard architecture, a fast tokenizer, tensors of 16 or 32 bits."""
    if not all((folder / name).is_file() for name in (_TENSORS, _TOKENIZER)):
        return False
    try:
        config = json.loads((folder / "config.json").read_text())
        pieces = json.loads((folder / _TOKENIZER).read_text())["model"]
        is_known = _is_plain(config) and pieces["type"] == "WordPiece" and all(map(pieces["vocab"].get, _ENDS))
        return is_known and _has_tensors(folder / _TENSORS, config["num_hidden_layers"])
    except (ValueError, KeyError, TypeError):
        return False  # transformers reports the fault


class OpenVinoEncoder(TextEncoder):
    """A BERT with its tokenizer.

    Args:
        folder: a folder for which `can_run` is true.

    Raises:
        ImportError: OpenVINO is absent.
    """

    libraries: ClassVar[tuple[str, ...]] = ("openvino", "tokenizers", "safetensors")

    def __init__(self, folder: Path):
        import openvino
        from tokenizers import Tokenizer

        config = json.loads((folder / "config.json").read_text())
        self._tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        self._tokenizer.no_padding()
        self._tensors = _read_tensors(folder / _TENSORS)  # the graph refers to them
        shape = Shape(
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            width=config["hidden_size"],
            epsilon=config.get("layer_norm_eps", 1e-12),
        )
        compiled = openvino.Core().compile_model(bert(shape, self._tensors), "CPU", ONE_CORE)
        self._request = compiled.create_infer_request()
        self.width = shape.width
        self.max_tokens = config["max_position_embeddings"]
        self.padding_id = config.get("pad_token_id", 0)
        vocabulary = self._tokenizer.get_vocab()
        self.ends = (vocabulary[_ENDS[0]], vocabulary[_ENDS[1]])

    def tokens(self, text: str, limit: int | None = None) -> Tokens:
        """Tokens of a text, at most ``limit`` of them."""
        if limit is None:
            self._tokenizer.no_truncation()
        else:
            self._tokenizer.enable_truncation(limit)
        encoding = self._tokenizer.encode(text)
        return Tokens(encoding.ids, encoding.type_ids, encoding.offsets, encoding.special_tokens_mask)

    def inner_ids(self, text: str) -> list[int]:
        """Tokens of a text without special ones."""
        self._tokenizer.no_truncation()
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def hidden_states(self, ids: PerToken, types: PerToken, mask: PerToken) -> HiddenStates:
        """The last layer's output; ``mask`` is 1 where there is a token."""
        return self._request.infer([ids, types, mask])[0].copy()


def _is_plain(config: dict[str, Any]) -> bool:
    usual = {"hidden_act": "gelu", "position_embedding_type": "absolute", "is_decoder": False}
    return config["model_type"] == "bert" and all(config.get(key, value) == value for key, value in usual.items())


def _has_tensors(path: Path, layers: int) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            types = {_name(key): file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118 - not a mapping
    except SafetensorError:
        return False
    return all(types.get(name) in ("F16", "F32") for name in tensor_names(layers))


def _read_tensors(path: Path) -> Tensors:
    from safetensors.numpy import load_file

    return {_name(key): np.ascontiguousarray(array, np.float32) for key, array in load_file(path).items()}


def _name(key: str) -> str:
    """A tensor's name without the prefix of the task; the first checkpoints used other names for LayerNorm."""
    plain = key.removeprefix("bert.")
    return plain.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
