"""Any encoder that transformers can load, run by torch."""

from pathlib import Path
from typing import ClassVar

from pipeline.extractors._text.encoder import HiddenStates, PerToken, TextEncoder, Tokens


class HuggingFaceEncoder(TextEncoder):
    """An encoder loaded by transformers.

    Args:
        folder: configuration, tokenizer and weights.
        device: where the network runs, in torch's words.

    Raises:
        ImportError: torch or transformers is absent.
    """

    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers", "tokenizers")

    def __init__(self, folder: Path, device: str = "cpu"):
        import torch
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.set_verbosity_error()
        logging.disable_progress_bar()
        torch.set_num_threads(1)
        self._torch, self._device = torch, device
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)
        model = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
        self._model = model.eval().to(device)
        self.width = int(model.config.hidden_size)
        positions = getattr(model.config, "max_position_embeddings", self._tokenizer.model_max_length)
        self.max_tokens = min(positions, self._tokenizer.model_max_length)  # RoBERTa keeps two positions for itself
        self.padding_id = self._tokenizer.pad_token_id or 0
        self.ends = (self._tokenizer.cls_token_id, self._tokenizer.sep_token_id)

    def tokens(self, text: str, limit: int | None = None) -> Tokens:
        """Tokens of a text, at most ``limit`` of them."""
        cut = {} if limit is None else {"truncation": True, "max_length": limit}
        encoding = self._tokenizer(
            text, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False, **cut
        )
        ids = encoding["input_ids"]
        types = encoding.get("token_type_ids", [0] * len(ids))
        return Tokens(ids, types, encoding["offset_mapping"], encoding["special_tokens_mask"])

    def inner_ids(self, text: str) -> list[int]:
        """Tokens of a text without special ones."""
        return self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]

    def hidden_states(self, ids: PerToken, types: PerToken, mask: PerToken) -> HiddenStates:
        """The last layer's output; ``mask`` is 1 where there is a token."""
        arrays = {"input_ids": ids, "attention_mask": mask}
        if "token_type_ids" in self._tokenizer.model_input_names:
            arrays["token_type_ids"] = types
        with self._torch.inference_mode():
            inputs = {name: self._torch.from_numpy(array).to(self._device) for name, array in arrays.items()}
            return self._model(**inputs).last_hidden_state.float().cpu().numpy()
