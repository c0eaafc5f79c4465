"""Vectors of texts, keyed by content, so that only new and edited texts are embedded again."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError
from pipeline.labels.utterances import Utterance, text_key

Embed = Callable[[Sequence[str]], Float32[np.ndarray, "texts width"]]


@dataclass(frozen=True)
class Embeddings:
    """Vectors of texts by one encoder.

    Attributes:
        identity: fingerprint of the encoder.
        keys: hashes of the texts, sorted.
        vectors: one unit vector per key.
    """

    identity: str
    keys: tuple[str, ...]
    vectors: Float32[np.ndarray, "texts width"]

    def of(self, rows: Sequence[Utterance]) -> Float32[np.ndarray, "rows width"]:
        """Vectors of rows with a text.

        Raises:
            StoreError: a text is missing.
        """
        places = {key: place for place, key in enumerate(self.keys)}
        try:
            return self.vectors[[places[row.text_key] for row in rows]]
        except KeyError as error:
            raise StoreError(f"embeddings lack the text {error}; delete their file and run again") from error


def updated(before: Embeddings | None, texts: Iterable[str], identity: str, embed: Embed) -> tuple[Embeddings, int]:
    """Embeddings of exactly these texts, and how many of them had to be computed.

    Args:
        before: embeddings of an earlier run, reused if their identity is the same.
        texts: the texts; blank ones get no vector.
        identity: fingerprint of the encoder.
        embed: computes vectors of texts.
    """
    wanted = {text_key(text): text for text in texts if text}
    known = dict(zip(before.keys, before.vectors, strict=True)) if before and before.identity == identity else {}
    missing = sorted(key for key in wanted if key not in known)
    known |= dict(zip(missing, embed([wanted[key] for key in missing]), strict=True)) if missing else {}
    keys = tuple(sorted(wanted))
    vectors = np.stack([known[key] for key in keys]) if keys else np.zeros((0, 0), np.float32)
    return Embeddings(identity, keys, vectors), len(missing)


def joined(parts: Sequence[Embeddings]) -> Embeddings:
    """Merge the embeddings of several datasets by the same encoder."""
    rows = {key: vector for part in parts for key, vector in zip(part.keys, part.vectors, strict=True)}
    keys = tuple(sorted(rows))
    return Embeddings(parts[0].identity, keys, np.stack([rows[key] for key in keys]))


def write_embeddings(path: Path, embeddings: Embeddings) -> None:
    """Write safetensors: ``vectors`` and ``keys`` (sha256 as 32 bytes each)."""
    keys = np.frombuffer(bytes.fromhex("".join(embeddings.keys)), np.uint8).reshape(-1, 32)
    with atomic_path(path) as part:
        save_file({"keys": keys.copy(), "vectors": embeddings.vectors}, part, {"identity": embeddings.identity})


def read_embeddings(path: Path) -> Embeddings:
    """Read them.

    Raises:
        StoreError: the file is absent or damaged.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            keys, vectors = file.get_tensor("keys"), file.get_tensor("vectors")
            identity = file.metadata()["identity"]
    except (OSError, KeyError, TypeError, SafetensorError) as error:
        raise StoreError(f"{path}: not readable embeddings ({error}); delete the file and run again") from error
    return Embeddings(identity, tuple(row.tobytes().hex() for row in keys), vectors)
