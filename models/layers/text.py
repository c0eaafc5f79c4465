"""States of a text's tokens: from a fine-tuned pretrained encoder, or stored in the pack."""

from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from models._base import Batch, FeatureSpec
from models.layers.masks import non_empty_mask


class PretrainedText(nn.Module):
    """The last hidden states of a BERT-like encoder over a batch's token ids.

    Its width comes from its configuration; weights are converted to single precision.
    """

    def __init__(self, folder: Path) -> None:
        """Load the encoder of a local folder."""
        # Not needed by models that read stored vectors.
        from transformers import AutoModel  # noqa: PLC0415
        from transformers.utils import logging  # noqa: PLC0415

        super().__init__()
        logging.disable_progress_bar()
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        if getattr(self.encoder, "pooler", None) is not None:
            # The pooled output is unused, so its weights would get no gradient.
            self.encoder.pooler = None
        self.width: int = self.encoder.config.hidden_size

    def forward(self, batch: Batch) -> Float[Tensor, "batch tokens width"]:
        """Encode; states outside the mask are meaningless."""
        return self.encode(batch.token_ids, batch.token_types, batch.text_mask)

    def encode(
        self,
        token_ids: Int[Tensor, "batch tokens"],
        token_types: Int[Tensor, "batch tokens"],
        mask: Bool[Tensor, "batch tokens"],
    ) -> Float[Tensor, "batch tokens width"]:
        """Encode tokens without a batch."""
        output = self.encoder(
            input_ids=token_ids, token_type_ids=token_types, attention_mask=non_empty_mask(mask).long()
        )
        return output.last_hidden_state


class StoredText(nn.Module):
    """The pack's contextual vectors instead of an encoder's states; it has no weights.

    A pack with a single vector per clip repeats it at every token, so that any summary of the tokens is that vector.
    """

    def __init__(self, width: int) -> None:
        """Set the width of the vectors."""
        super().__init__()
        self.width = width

    def forward(self, batch: Batch) -> Float[Tensor, "batch tokens width"]:
        """Return the vectors; zeros outside the mask."""
        return batch.text * batch.text_mask.unsqueeze(-1)


def text_states(spec: FeatureSpec, *, stored: bool) -> PretrainedText | StoredText:
    """The module that gives a model the states of the tokens.

    Args:
        spec: the encoder's folder, or the width of the pack's vectors.
        stored: read the pack's vectors; no weights are loaded.
    """
    return StoredText(spec.text_dim) if stored else PretrainedText(spec.text_encoder)
