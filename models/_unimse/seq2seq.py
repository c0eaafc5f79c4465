"""Pretrained encoder-decoders of Hugging Face, by name or built from a text encoder."""

from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    EncoderDecoderModel,
    PreTrainedModel,
)
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils import logging

from models._base import Batch
from models.layers.masks import non_empty_mask


class Seq2Seq(nn.Module):
    """An encoder-decoder with its tokenizer.

    A named model reads the transcripts with its own tokenizer; the default is built from the pack's text encoder and
    reads the pack's token ids.

    Attributes:
        start: token that a decoder begins with.
        end: token that it ends with.
    """

    def __init__(self, name: str | None, text_encoder: Path, *, prompt: str) -> None:
        """Load a model.

        Args:
            name: folder or hub id of an encoder-decoder; None to build one from ``text_encoder``.
            text_encoder: folder of the encoder whose vocabulary the token ids of batches belong to.
            prompt: prefix of each transcript for a named model.
        """
        super().__init__()
        logging.disable_progress_bar()
        self.prompt = prompt
        self.reads_transcripts = name is not None
        self.tokenizer = AutoTokenizer.from_pretrained(name or text_encoder, local_files_only=name is None)
        self.model = warm_started(text_encoder) if name is None else _pretrained(name)
        start, end = self.model.config.decoder_start_token_id, self.tokenizer.eos_token_id
        self.start: int = self.tokenizer.cls_token_id if start is None else start
        self.end: int = self.tokenizer.sep_token_id if end is None else end

    def freeze(self, *, all_but: int) -> None:
        """Freeze all but the last blocks of each half and the layers that were never pretrained."""
        self.model.requires_grad_(requires_grad=False)
        for half in (self.model.get_encoder(), self.model.get_decoder()):
            blocks = blocks_of(half)
            for block in blocks[max(0, len(blocks) - all_but) :]:
                block.requires_grad_(requires_grad=True)
        for parameter in () if self.reads_transcripts else _fresh(self.model.get_decoder()):
            parameter.requires_grad = True

    def encode_text(self, text: str) -> list[int]:
        """Token ids of a text, without special tokens."""
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def tokens(self, batch: Batch) -> tuple[Int[Tensor, "batch tokens"], Bool[Tensor, "batch tokens"]]:
        """Token ids and their mask; masked positions are the padding token."""
        mask = batch.text_mask
        if not self.reads_transcripts:
            return batch.token_ids.masked_fill(~mask, self.tokenizer.pad_token_id), non_empty_mask(mask)
        pairs = zip(batch.raw_text, mask.any(dim=1).tolist(), strict=True)
        texts = [self.prompt + text if present else "" for text, present in pairs]
        encoded = self.tokenizer(texts, padding=True, return_tensors="pt").to(mask.device)
        return encoded.input_ids, non_empty_mask(encoded.attention_mask.bool())

    def encode(
        self, token_ids: Int[Tensor, "batch tokens"], mask: Bool[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch tokens width"]:
        """The encoder's last states."""
        output = self.model.get_encoder()(input_ids=token_ids, attention_mask=mask.long())
        return output.last_hidden_state

    def decode(
        self,
        states: Float[Tensor, "batch tokens width"],
        mask: Bool[Tensor, "batch tokens"],
        inputs: Int[Tensor, "batch steps"],
    ) -> Float[Tensor, "batch steps vocabulary"]:
        """Score the token that follows each of the inputs."""
        encoded = BaseModelOutput(last_hidden_state=states)
        return self.model(
            encoder_outputs=encoded, attention_mask=mask.long(), decoder_input_ids=inputs, use_cache=False
        ).logits

    def stepper(
        self, states: Float[Tensor, "batch tokens width"], mask: Bool[Tensor, "batch tokens"]
    ) -> Callable[[Tensor], Tensor]:
        """A function that takes one token per clip and scores the next; it caches earlier tokens."""
        encoded, cache = BaseModelOutput(last_hidden_state=states), None

        def step(tokens: Tensor) -> Tensor:
            nonlocal cache
            output = self.model(
                encoder_outputs=encoded,
                attention_mask=mask.long(),
                decoder_input_ids=tokens,
                past_key_values=cache,
                use_cache=True,
            )
            cache = output.past_key_values
            return output.logits[:, -1]

        return step


def warm_started(text_encoder: Path) -> PreTrainedModel:
    """An encoder-decoder whose halves are both initialised from the text encoder, with shared embeddings.

    Cross-attention is initialised from self-attention; the output layer is random except for its embeddings (Rothe,
    Narayan and Severyn, "Leveraging Pre-trained Checkpoints", TACL 2020).
    """
    encoder = AutoModel.from_pretrained(text_encoder, local_files_only=True, dtype=torch.float32)
    if getattr(encoder, "pooler", None) is not None:
        # The pooled output is unused, so its weights would get no gradient.
        encoder.pooler = None
    config = type(encoder.config).from_dict({**encoder.config.to_dict(), "is_decoder": True})
    config.add_cross_attention = True
    decoder = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    weights = encoder.state_dict()
    crossed = {name.replace(".attention.", ".crossattention."): value for name, value in weights.items()}
    decoder.base_model.load_state_dict(crossed | weights, strict=False)
    decoder.set_input_embeddings(encoder.get_input_embeddings())
    decoder.tie_weights()
    return EncoderDecoderModel(encoder=encoder, decoder=decoder)


def blocks_of(stack: nn.Module) -> list[nn.Module]:
    """The transformer blocks of an encoder or a decoder: its outermost list of modules."""
    return list(next(module for module in stack.modules() if isinstance(module, nn.ModuleList)))


def _fresh(decoder: PreTrainedModel) -> list[nn.Parameter]:
    """Layers without pretrained weights: cross-attention and the output layer."""
    known = {id(parameter) for parameter in decoder.base_model.parameters()}
    return [p for name, p in decoder.named_parameters() if ".crossattention." in name or id(p) not in known]


def _pretrained(name: str) -> PreTrainedModel:
    return AutoModelForSeq2SeqLM.from_pretrained(name, use_safetensors=True, dtype=torch.float32)
