"""Sentence vectors: a pretrained encoder, pooled over its tokens and normalised to unit length.

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
from pipeline.words.token_batches import padded, padding_mask, token_batches

#: Texts that are embedded at once, and texts of similar length that are trained on at once.
_EMBEDDED_ROWS, _TRAINED_ROWS = 64, 16


class SentenceEncoder(nn.Module):
    """A pretrained encoder with its tokenizer and pooling."""

    def __init__(self, folder: Path, pooling: Pooling) -> None:
        """Load it.

        Raises:
            MissingDependencyError: the pooling is ``pooler``, but the weights have none.
        """
        super().__init__()
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        self.pooling = pooling
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)
        self.padding_id = int(self.tokenizer.pad_token_id or 0)
        self.model, loading_info = AutoModel.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
        lacks_pooler = any(key.startswith("pooler") for key in loading_info["missing_keys"]) or not _pooler(self.model)
        if pooling == "pooler" and lacks_pooler:
            raise MissingDependencyError(f"text encoder {folder.name}: its weights have no pooler; set pooling: mean")
        self.max_positions = int(getattr(self.model.config, "max_position_embeddings", 512))
        self.width = int(self.model.config.hidden_size)

    def token_ids(self, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
        """Token ids with special tokens, truncated."""
        cut = min(max_tokens, self.max_positions)
        return self.tokenizer(list(texts), truncation=True, max_length=cut).input_ids

    def forward(
        self, ids: Int[Tensor, "batch tokens"], mask: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch width"]:
        """Pooled unit vectors."""
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
        """Vectors of a training batch, computed in groups of similar length to save padding."""
        encoded = self.token_ids(texts, max_tokens)
        order = sorted(range(len(texts)), key=lambda row: len(encoded[row]))
        parts = [order[start : start + _TRAINED_ROWS] for start in range(0, len(order), _TRAINED_ROWS)]
        vectors = [self._trained([encoded[row] for row in part]) for part in parts]
        return torch.cat(vectors)[torch.tensor(order).argsort()]

    @torch.inference_mode()
    def embed(self, texts: Sequence[str], max_tokens: int) -> Float32[np.ndarray, "texts width"]:
        """Vectors of texts, bit-identical whatever the other texts (`token_batches`)."""
        self.eval()
        encoded = self.token_ids(texts, max_tokens)
        vectors = np.zeros((len(texts), self.width), np.float32)
        for positions, ids, mask in token_batches(encoded, max_rows=_EMBEDDED_ROWS, padding_id=self.padding_id):
            vectors[positions] = self(torch.from_numpy(ids), torch.from_numpy(mask).bool())[: len(positions)].numpy()
        return vectors

    def _trained(self, texts: Sequence[Sequence[int]]) -> Float[Tensor, "rows width"]:
        shape = (len(texts), max(map(len, texts)))
        ids, mask = padded(texts, shape, self.padding_id), padding_mask(texts, shape)
        return self(torch.from_numpy(ids), torch.from_numpy(mask).bool())

    def save(self, folder: Path) -> None:
        """Write configuration, tokenizer and safetensors in the layout of transformers."""
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save_pretrained(folder)
        self.model.save_pretrained(folder, safe_serialization=True)


def _pooler(model: nn.Module) -> nn.Module | None:
    return getattr(model, "pooler", None)
