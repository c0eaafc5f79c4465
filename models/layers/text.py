"""A pretrained text encoder over token ids."""

from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import AutoModel
from transformers.utils import logging

from models.layers.masks import open_first


class TextEncoder(nn.Module):
    """The last hidden states of a BERT-like encoder, fine-tuned or frozen.

    Its width comes from its own configuration; its weights are single precision whatever their file holds.
    """

    def __init__(self, folder: Path, *, frozen: bool = False) -> None:
        """Load the encoder of a local folder; a frozen one runs in evaluation mode without gradients."""
        super().__init__()
        logging.disable_progress_bar()
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        if getattr(self.encoder, "pooler", None) is not None:
            # Nothing reads the pooled output: its weights would never get a gradient.
            self.encoder.pooler = None
        self.width: int = self.encoder.config.hidden_size
        self.frozen = frozen
        self.encoder.requires_grad_(not frozen)

    def train(self, mode: bool = True) -> "TextEncoder":  # noqa: FBT001, FBT002 - torch's own signature
        """Switch dropout on or off; it stays off in a frozen encoder."""
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self

    def forward(
        self,
        token_ids: Int[Tensor, "batch tokens"],
        token_types: Int[Tensor, "batch tokens"],
        mask: Bool[Tensor, "batch tokens"],
    ) -> Float[Tensor, "batch tokens width"]:
        """Encode; states outside the mask hold values without meaning."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            output = self.encoder(
                input_ids=token_ids, token_type_ids=token_types, attention_mask=open_first(mask).long()
            )
        return output.last_hidden_state
