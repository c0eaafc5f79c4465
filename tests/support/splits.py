"""Small packs and a tiny text encoder, made by hand."""

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import BertPreTokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from models._base import FeatureSpec
from pipeline.packs.schema import PackSplit

DIMS = {"text": 12, "audio": 6, "vision": 5}
VOCABULARY = 40
TOKENS, AUDIO_STEPS, VISION_STEPS = 9, 11, 8


def save_encoder(folder: Path) -> Path:
    """Write a random two-layer BERT, 16 wide, and a tokenizer that knows digits and the names of polarities."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder, safe_serialization=True)
    _make_tokenizer().save_pretrained(folder)
    return folder


def _make_tokenizer() -> PreTrainedTokenizerFast:
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    words = [*special.values(), *"0123456789.", "negative", "neutral", "positive"]
    words += [f"word{index}" for index in range(len(words), VOCABULARY)]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=special["unk_token"]))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def make_spec(encoder: Path, *, num_train: int = 24) -> FeatureSpec:
    """The spec that fits `make_split`."""
    return FeatureSpec(
        text_dim=DIMS["text"],
        audio_dim=DIMS["audio"],
        vision_dim=DIMS["vision"],
        num_train=num_train,
        label_range=(-3.0, 3.0),
        text_encoder=encoder,
    )


def make_split(clips: int, *, seed: int = 0, name: str = "clip") -> PackSplit:
    """Random clips of random lengths; vision has holes, and the label can be read from the tokens."""
    rng = np.random.default_rng(seed)
    labels = rng.uniform(-3, 3, clips).round(1).astype(np.float32)
    text_lengths = rng.integers(3, TOKENS, clips)
    audio_lengths = rng.integers(1, AUDIO_STEPS + 1, clips)
    vision_lengths = rng.integers(1, VISION_STEPS + 1, clips)
    token_mask = np.arange(TOKENS) < text_lengths[:, None]
    signs = 10 + (labels > 0)[:, None] * 12 + rng.integers(0, 12, (clips, TOKENS))
    text_bert = np.stack([signs * token_mask, token_mask, np.zeros_like(token_mask)], axis=1).astype(np.float32)
    audio_mask = np.arange(AUDIO_STEPS) < audio_lengths[:, None]
    vision_mask = (np.arange(VISION_STEPS) < vision_lengths[:, None]) & (rng.random((clips, VISION_STEPS)) > 0.2)
    return PackSplit(
        ids=[f"{name}$_${index}" for index in range(clips)],
        raw_text=[f"sentence {index}" for index in range(clips)],
        text=_rows(rng, token_mask, DIMS["text"]),
        text_bert=text_bert,
        audio=_rows(rng, audio_mask, DIMS["audio"]),
        vision=_rows(rng, vision_mask, DIMS["vision"]),
        audio_lengths=audio_lengths.astype(np.int64),
        vision_lengths=vision_lengths.astype(np.int64),
        audio_mask=audio_mask,
        vision_mask=vision_mask,
        labels={"M": labels},
        annotations=[""] * clips,
    )


def _rows(rng: np.random.Generator, mask: np.ndarray, width: int) -> np.ndarray:
    return (rng.normal(size=(*mask.shape, width)) * mask[..., None]).astype(np.float32)
