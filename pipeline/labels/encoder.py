"""Sentence vectors: a pretrained encoder, pooled over its tokens and scaled to length one.

Source of the poolings: Gao, Yao and Chen, "SimCSE", EMNLP 2021, https://arxiv.org/abs/2104.08821 (section 3 and its
released tool: pooler for supervised checkpoints, first token for unsupervised ones).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from pipeline.config.unions import Pooling
from pipeline.core.errors import MissingDependencyError

#: Lengths are padded to a multiple of this; coarser wastes work, finer wastes batches.
_LENGTH_STEP = 8
#: Rows times length of a batch.
_BATCH_TOKENS = 1024
_MAX_ROWS = 64
#: Texts of like length that are trained on at once.
_ROWS_AT_ONCE = 16


class SentenceEncoder(nn.Module):
    """A pretrained encoder with its tokenizer and pooling."""

    def __init__(self, folder: Path, pooling: Pooling) -> None:
        """Load it.

        Raises:
            MissingDependencyError: ``pooler`` is asked for, but the weights hold none.
        """
        super().__init__()
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        self.pooling = pooling
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)
        self.padding = int(self.tokenizer.pad_token_id or 0)
        self.model, found = AutoModel.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
        lacks_pooler = any(key.startswith("pooler") for key in found["missing_keys"]) or not _pooler(self.model)
        if pooling == "pooler" and lacks_pooler:
            raise MissingDependencyError(f"text encoder {folder.name}: its weights hold no pooler; set pooling: mean")
        self.max_positions = int(getattr(self.model.config, "max_position_embeddings", 512))
        self.width = int(self.model.config.hidden_size)

    def token_ids(self, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
        """Token ids with special tokens, cut to a length."""
        cut = min(max_tokens, self.max_positions)
        return self.tokenizer(list(texts), truncation=True, max_length=cut).input_ids

    def forward(
        self, ids: Int[Tensor, "batch tokens"], mask: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch width"]:
        """Pooled vectors of length one."""
        output = self.model(input_ids=ids, attention_mask=mask.long())
        if self.pooling == "pooler":
            vectors = output.pooler_output
        elif self.pooling == "cls":
            vectors = output.last_hidden_state[:, 0]
        else:
            weights = mask.unsqueeze(-1).to(output.last_hidden_state.dtype)
            vectors = (output.last_hidden_state * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1.0)
        return functional.normalize(vectors.float(), dim=-1)

    def encode(self, texts: Sequence[str], max_tokens: int) -> Float[Tensor, "texts width"]:
        """Vectors of a batch of texts, for training: short texts are not padded to the length of the longest."""
        encoded = self.token_ids(texts, max_tokens)
        order = sorted(range(len(texts)), key=lambda row: len(encoded[row]))
        parts = [order[start : start + _ROWS_AT_ONCE] for start in range(0, len(order), _ROWS_AT_ONCE)]
        vectors = [self(*padded([encoded[row] for row in part], self.padding)) for part in parts]
        return torch.cat(vectors)[torch.tensor(order).argsort()]

    @torch.inference_mode()
    def embed(self, texts: Sequence[str], max_tokens: int) -> Float32[np.ndarray, "texts width"]:
        """Vectors of texts, bit-identical whatever the other texts.

        A matrix product's rounding depends on its shape, so the shape a text is computed in follows from that text
        alone: its length is padded to a fixed step, its batch with dummy rows.
        """
        self.eval()
        encoded = self.token_ids(texts, max_tokens)
        vectors = np.zeros((len(texts), self.width), np.float32)
        for rows in _groups([len(ids) for ids in encoded]):
            length = _padded_length(len(encoded[rows[0]]))
            ids, mask = padded([encoded[row] for row in rows], self.padding, (_rows(length), length))
            vectors[rows] = self(ids, mask)[: len(rows)].numpy()
        return vectors

    def save(self, folder: Path) -> None:
        """Write configuration, tokenizer and safetensors into a folder that transformers can load."""
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save_pretrained(folder)
        self.model.save_pretrained(folder, safe_serialization=True)


def padded(
    encoded: Sequence[Sequence[int]], padding: int, shape: tuple[int, int] | None = None
) -> tuple[Int[Tensor, "rows tokens"], Bool[Tensor, "rows tokens"]]:
    """Token ids and their mask, padded to a shape; None takes as many rows and tokens as there are."""
    rows, length = shape or (len(encoded), max(map(len, encoded)))
    ids = torch.full((rows, length), padding)
    mask = torch.zeros_like(ids, dtype=torch.bool)
    mask[:, 0] = True  # attention over nothing at all would be NaN in rows without a text
    for row, tokens in enumerate(encoded):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = True
    return ids, mask


def _pooler(model: nn.Module) -> nn.Module | None:
    return getattr(model, "pooler", None)


def _groups(lengths: Sequence[int]) -> list[list[int]]:
    """Rows of equal padded length, in groups that are at most full."""
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (_padded_length(lengths[row]), row)):
        length = _padded_length(lengths[row])
        last = groups[-1] if groups else None
        if last and _padded_length(lengths[last[0]]) == length and len(last) < _rows(length):
            last.append(row)
        else:
            groups.append([row])
    return groups


def _padded_length(length: int) -> int:
    return -(-length // _LENGTH_STEP) * _LENGTH_STEP


def _rows(padded_length: int) -> int:
    return max(1, min(_MAX_ROWS, _BATCH_TOKENS // padded_length))
