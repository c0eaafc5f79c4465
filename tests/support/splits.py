"""Small packs and a tiny text encoder, made by hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.core.types import SPLITS, Split
from pipeline.packs.schema import PackSplit

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from models._base import FeatureSpec

VOCABULARY = 40


@dataclass(frozen=True)
class Shape:
    """Rows and columns of a made-up pack."""

    text_dim: int
    audio_dim: int
    vision_dim: int
    tokens: int
    audio_steps: int
    vision_steps: int

    @property
    def dims(self) -> dict[str, int]:
        """Columns by modality."""
        return {"text": self.text_dim, "audio": self.audio_dim, "vision": self.vision_dim}


#: Small and all different: a mixed-up axis is noticed.
SMALL = Shape(text_dim=12, audio_dim=6, vision_dim=5, tokens=9, audio_steps=11, vision_steps=8)
#: Text as wide as BERT's, which MMSA's rules ask for; audio and vision equally long.
BERT_WIDE = Shape(text_dim=768, audio_dim=4, vision_dim=3, tokens=10, audio_steps=25, vision_steps=25)
DIMS, AUDIO_STEPS = SMALL.dims, SMALL.audio_steps


def save_encoder(folder: Path) -> Path:
    """Write a random two-layer BERT, 16 wide, and a tokenizer of digits and the names of polarities."""
    import torch
    from transformers import BertConfig, BertModel

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


def _make_tokenizer() -> "PreTrainedTokenizerFast":
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from transformers import PreTrainedTokenizerFast

    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    words = [*special.values(), *"0123456789.", "negative", "neutral", "positive"]
    words += [f"word{index}" for index in range(len(words), VOCABULARY)]
    vocabulary = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=special["unk_token"]))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def make_spec(encoder: Path, *, num_train: int = 24) -> "FeatureSpec":
    """The spec that fits `make_split`."""
    from models._base import FeatureSpec

    return FeatureSpec(
        text_dim=SMALL.text_dim,
        audio_dim=SMALL.audio_dim,
        vision_dim=SMALL.vision_dim,
        num_train=num_train,
        label_range=(-3.0, 3.0),
        text_encoder=encoder,
    )


def make_splits(clips: int = 6, *, shape: Shape = BERT_WIDE) -> dict[Split, PackSplit]:
    """Train, valid and test, which differ; for what reads and writes packs."""
    return {name: make_split(clips, seed=seed, name=name, shape=shape) for seed, name in enumerate(SPLITS)}


def make_split(clips: int, *, seed: int = 0, name: str = "clip", shape: Shape = SMALL) -> PackSplit:
    """Random clips of random lengths; vision has holes, and the label can be read from the tokens."""
    rng = np.random.default_rng(seed)
    labels = rng.uniform(-3, 3, clips).round(1).astype(np.float32)
    text_lengths = rng.integers(3, shape.tokens, clips)
    audio_lengths = rng.integers(1, shape.audio_steps + 1, clips)
    vision_lengths = rng.integers(1, shape.vision_steps + 1, clips)
    token_mask = np.arange(shape.tokens) < text_lengths[:, None]
    signs = 10 + (labels > 0)[:, None] * 12 + rng.integers(0, 12, (clips, shape.tokens))
    text_bert = np.stack([signs * token_mask, token_mask, np.zeros_like(token_mask)], axis=1).astype(np.float32)
    audio_mask = np.arange(shape.audio_steps) < audio_lengths[:, None]
    within = np.arange(shape.vision_steps) < vision_lengths[:, None]
    vision_mask = within & (rng.random((clips, shape.vision_steps)) > 0.2)
    return PackSplit(
        ids=[f"{name}$_${index}" for index in range(clips)],
        raw_text=[f"sentence {index}" for index in range(clips)],
        text=_rows(rng, token_mask, shape.text_dim),
        text_bert=text_bert,
        audio=_rows(rng, audio_mask, shape.audio_dim),
        vision=_rows(rng, vision_mask, shape.vision_dim),
        audio_lengths=audio_lengths.astype(np.int64),
        vision_lengths=vision_lengths.astype(np.int64),
        audio_mask=audio_mask,
        vision_mask=vision_mask,
        labels={"M": labels},
        annotations=[""] * clips,
    )


def _rows(rng: np.random.Generator, mask: np.ndarray, width: int) -> np.ndarray:
    values = rng.normal(size=(*mask.shape, width)).astype(np.float32)
    return np.where(mask[..., None], values, np.float32(0))
