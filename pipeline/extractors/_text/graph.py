"""BERT's encoder as an OpenVINO graph, from its configuration and tensors.

Source: Devlin et al. 2019, https://aclanthology.org/N19-1423; the layer is that of Vaswani et al. 2017,
https://arxiv.org/abs/1706.03762, normalised after each residual.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

Tensors = Mapping[str, Float32[np.ndarray, "..."]]

_TABLES = ("word_embeddings", "token_type_embeddings", "position_embeddings")
_OF_LAYER = (
    *("attention.self.query", "attention.self.key", "attention.self.value"),
    *("attention.output.dense", "attention.output.LayerNorm"),
    *("intermediate.dense", "output.dense", "output.LayerNorm"),
)


@dataclass(frozen=True)
class Shape:
    """Sizes of an encoder.

    Attributes:
        layers: of the encoder.
        heads: of each attention.
        width: of the hidden states.
        epsilon: added to the variance by each normalisation.
    """

    layers: int
    heads: int
    width: int
    epsilon: float


def tensor_names(layers: int) -> Iterator[str]:
    """Names of all tensors of an encoder, as BERT's checkpoints have them."""
    yield from (f"embeddings.{table}.weight" for table in _TABLES)
    parts = [
        "embeddings.LayerNorm",
        *(f"encoder.layer.{layer}.{part}" for layer in range(layers) for part in _OF_LAYER),
    ]
    yield from (f"{part}.{kind}" for part in parts for kind in ("weight", "bias"))


def bert(shape: Shape, tensors: Tensors) -> Any:
    """An ``openvino.Model`` of ids, types and mask (texts tokens, int64) to hidden states (texts tokens features).

    Args:
        shape: of the encoder.
        tensors: by `tensor_names`; the model refers to them without a copy.
    """
    from openvino import Model, opset13

    ids, types, mask = (opset13.parameter([-1, -1], np.int64, name) for name in ("ids", "types", "mask"))
    layer = _Layers(opset13, shape, tensors)
    hidden = layer.embedded(ids, types)
    ignored = layer.ignored(mask)
    for index in range(shape.layers):
        hidden = layer.encoded(hidden, ignored, f"encoder.layer.{index}")
    return Model([hidden], [ids, types, mask], "bert")


class _Layers:
    """Adds the layers of a network to a graph."""

    def __init__(self, ops: Any, shape: Shape, tensors: Tensors):
        self._ops, self._shape, self._tensors = ops, shape, tensors

    def embedded(self, ids: Any, types: Any) -> Any:
        """Sum of the three embeddings, normalised."""
        ops = self._ops
        length = ops.gather(ops.shape_of(ids), ops.constant(1), ops.constant(0))
        positions = ops.range(ops.constant(np.int64(0)), length, ops.constant(np.int64(1)), "i64")
        words, kinds, places = (
            ops.gather(self._tensor(f"embeddings.{table}.weight"), rows, ops.constant(0))
            for table, rows in zip(_TABLES, (ids, types, positions), strict=True)
        )
        return self._normalised(ops.add(ops.add(words, kinds), places), "embeddings.LayerNorm")

    def ignored(self, mask: Any) -> Any:
        """Attention bias: 0 for tokens, the lowest float for padding."""
        ops = self._ops
        lowest = ops.constant(np.finfo(np.float32).min)
        padding = ops.subtract(ops.constant(np.float32(1)), ops.convert(mask, "f32"))
        return ops.unsqueeze(ops.multiply(padding, lowest), ops.constant([1, 2]))

    def encoded(self, hidden: Any, ignored: Any, layer: str) -> Any:
        """One layer: attention, then two dense layers, each with its residual."""
        ops = self._ops
        seen = self._dense(
            self._attention(hidden, ignored, f"{layer}.attention.self"), f"{layer}.attention.output.dense"
        )
        hidden = self._normalised(ops.add(hidden, seen), f"{layer}.attention.output.LayerNorm")
        wide = ops.gelu(self._dense(hidden, f"{layer}.intermediate.dense"), "erf")
        return self._normalised(
            ops.add(hidden, self._dense(wide, f"{layer}.output.dense")), f"{layer}.output.LayerNorm"
        )

    def _attention(self, hidden: Any, ignored: Any, name: str) -> Any:
        ops, (heads, width) = self._ops, (self._shape.heads, self._shape.width)
        apart, swapped = ops.constant([0, 0, heads, width // heads]), ops.constant([0, 2, 1, 3])
        query, key, value = (
            ops.transpose(ops.reshape(self._dense(hidden, f"{name}.{part}"), apart, special_zero=True), swapped)
            for part in ("query", "key", "value")
        )
        scale = ops.constant(np.float32((width // heads) ** -0.5))
        scores = ops.add(ops.multiply(ops.matmul(query, key, transpose_a=False, transpose_b=True), scale), ignored)
        mixed = ops.matmul(ops.softmax(scores, -1), value, transpose_a=False, transpose_b=False)
        return ops.reshape(ops.transpose(mixed, swapped), ops.constant([0, 0, width]), special_zero=True)

    def _dense(self, rows: Any, name: str) -> Any:
        product = self._ops.matmul(rows, self._tensor(f"{name}.weight"), transpose_a=False, transpose_b=True)
        return self._ops.add(product, self._tensor(f"{name}.bias"))

    def _normalised(self, rows: Any, name: str) -> Any:
        ops = self._ops
        unit = ops.mvn(
            rows, ops.constant([-1]), normalize_variance=True, eps=self._shape.epsilon, eps_mode="inside_sqrt"
        )
        return ops.add(ops.multiply(unit, self._tensor(f"{name}.weight")), self._tensor(f"{name}.bias"))

    def _tensor(self, name: str) -> Any:
        return self._ops.constant(self._tensors[name], shared_memory=True)
