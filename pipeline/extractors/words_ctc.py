"""Word timings by CTC segmentation with any wav2vec2-style model: any language; Chinese is aligned by character."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from pydantic import Field

from pipeline.config import weights as weight_store
from pipeline.core.errors import MissingDependencyError
from pipeline.extractors._base import ClipInput, ExtractorConfig
from pipeline.extractors._words.aligner import SpokenTimes, WordsExtractor
from pipeline.extractors._words.ctc import Vocabulary, agreement, segment
from pipeline.media.audio import Sound

VERSION = 1
MODALITY = "words"
READS = ("sound", "text")
REQUIRES = ("ctc-segmentation", "torch", "transformers", "num2words")
SHARD_CLIPS = 256

_PREPROCESSOR = "preprocessor_config.json"


class Config(ExtractorConfig):
    """Settings of the CTC segmentation."""

    weights: str | None = None
    """Folder or hub id of a CTC model for the language, such as facebook/wav2vec2-base-960h."""
    min_confidence: float = Field(0.7, ge=0, le=1)
    """Clips with a lower confidence do not match their transcript: their words are spread by length instead. Confidence
    is 1 - the character error rate of the model's own output; lower it for a weak model."""
    device: str = "cpu"
    """Torch device of the model, such as ``cpu`` or ``cuda``."""


class CtcExtractor(WordsExtractor):
    """Segments transcripts.

    Args:
        config: settings.

    Raises:
        MissingDependencyError: no weights are named, or they are missing.
        ImportError: torch, transformers or ctc_segmentation is not installed.
    """

    method = "ctc"

    def __init__(self, config: Config):
        import torch
        from transformers import AutoModelForCTC, AutoTokenizer
        from transformers.utils import logging

        folder = _folder(config)
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        torch.set_num_threads(1)
        self._torch, self._config = torch, config
        self._model = AutoModelForCTC.from_pretrained(folder, local_files_only=True).eval().to(config.device)
        self._vocabulary = _vocabulary(AutoTokenizer.from_pretrained(folder, local_files_only=True))
        self._normalises = _normalises(folder)

    @classmethod
    def weight_files(cls, config: Config) -> Mapping[str, Path]:
        """The model's configuration, vocabulary, preprocessing and tensors."""
        folder = _folder(config)
        preprocessor = {_PREPROCESSOR: folder / _PREPROCESSOR} if (folder / _PREPROCESSOR).is_file() else {}
        return {**weight_store.weight_files(folder), **preprocessor}

    def align(self, clip: ClipInput, sound: Sound, words: Sequence[str]) -> SpokenTimes | None:
        """Segment one clip; None if it is too short for its transcript, or the model has none of its characters."""
        spelled = [self._vocabulary.spell(word) for word in words]
        log_probs = self._log_probs(sound)
        if not any(spelled) or len(log_probs) == 0:
            return None
        segmentation = segment(log_probs, spelled, self._vocabulary, sound.duration_s / len(log_probs))
        if segmentation is None:
            return None
        confidence = agreement(log_probs, spelled, self._vocabulary)
        agrees = confidence >= self._config.min_confidence
        return SpokenTimes(segmentation.times, segmentation.probabilities, confidence, agrees, agrees)

    def _log_probs(self, sound: Sound) -> Float32[np.ndarray, "frames symbols"]:
        wave = sound.waveform
        if self._normalises:  # as Wav2Vec2FeatureExtractor does
            wave = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
        if int(self._model._get_feat_extract_output_lengths(len(wave))) < 1:
            return np.zeros((0, self._model.config.vocab_size), np.float32)
        with self._torch.inference_mode():
            batch = self._torch.from_numpy(wave.astype(np.float32))[None].to(self._config.device)
            return self._model(batch).logits[0].float().log_softmax(-1).cpu().numpy()


def _folder(config: Config) -> Path:
    if config.weights is None:
        raise MissingDependencyError(
            "words_ctc has no model; set weights: in config/features/words_ctc.yaml to a folder or hub id of a CTC "
            "model for the language, such as facebook/wav2vec2-base-960h"
        )
    return weight_store.resolve_ctc_model(config.weights)


def _vocabulary(tokenizer: object) -> Vocabulary:
    ids: dict[str, int] = tokenizer.get_vocab()  # type: ignore[attr-defined]
    special = set(tokenizer.all_special_tokens)  # type: ignore[attr-defined]
    delimiter = getattr(tokenizer, "word_delimiter_token", None)
    letters = {symbol: index for symbol, index in ids.items() if symbol not in special and symbol != delimiter}
    return Vocabulary(letters, ids[tokenizer.pad_token], ids.get(delimiter) if delimiter else None)  # type: ignore[attr-defined]


def _normalises(folder: Path) -> bool:
    """Whether the model expects audio of zero mean and unit variance, according to its preprocessor."""
    import json

    path = folder / _PREPROCESSOR
    return bool(json.loads(path.read_text(encoding="utf-8")).get("do_normalize", True)) if path.is_file() else True


extractor = CtcExtractor
