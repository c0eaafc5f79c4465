"""Alignment and uniformity of sentence vectors: how close similar texts are, how evenly all are spread.

Wang and Isola, "Understanding Contrastive Representation Learning through Alignment and Uniformity on the
Hypersphere", ICML 2020, https://arxiv.org/abs/2005.10242, equations in sections 4.1.1 and 4.1.2. Lower is better.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int64
from torch import Tensor

from models.layers.universal_label import POLARITIES
from pipeline.labels.encoder import SentenceEncoder
from pipeline.labels.utterances import HIGHEST, TAXONOMIES, Utterance

#: Most pairs that are averaged.
_PAIRS = 200_000
#: Texts whose two views are compared.
_VIEWED = 512


def alignment(first: Float[np.ndarray, "pairs width"], second: Float[np.ndarray, "pairs width"]) -> float:
    """Mean squared distance of positive pairs of unit vectors, 0 to 4."""
    return float(((first.astype(float) - second) ** 2).sum(axis=1).mean())


def uniformity(vectors: Float[np.ndarray, "texts width"]) -> float:
    """Logarithm of the mean of exp(-2 distance^2) over pairs of texts; 0 if all coincide, about -4 if spread out."""
    first, second = _pairs(len(vectors))
    distances = ((vectors[first].astype(float) - vectors[second]) ** 2).sum(axis=1)
    return float(np.log(np.exp(-2 * distances).mean()))


def relations(labels: Int[Tensor, "rows fields"]) -> tuple[Bool[Tensor, "rows rows"], Bool[Tensor, "rows rows"]]:
    """Which pairs have similar labels, and which have different ones; other pairs are unknown.

    Similar: no known field differs, and both have the same intensity or the same emotion. Two texts of one polarity of
    which only one has an emotion are unknown.

    Args:
        labels: polarity, class of intensity, then one emotion per taxonomy; -1 for unknown.
    """
    first, second = labels[:, None], labels[None, :]
    known = (first >= 0) & (second >= 0)
    differ = (known & (first != second)).any(dim=-1)
    return known[..., 1:].any(dim=-1) & ~differ, differ


def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    first, second = draw.integers(count, size=_PAIRS), draw.integers(count, size=_PAIRS)
    return first[first != second], second[first != second]


def shape(encoder: SentenceEncoder, rows: Sequence[Utterance], max_tokens: int) -> dict[str, float]:
    """Alignment and uniformity of an encoder on some rows; lower is better.

    ``alignment_views``: between two passes of a text under different dropout, the objective of unsupervised training.
    ``alignment_like``: between texts with similar labels. ``uniformity``: over all texts.
    """
    texts = sorted({row.text: row for row in rows}.values(), key=lambda row: row.key)
    vectors = encoder.embed([row.text for row in texts], max_tokens)
    first, second = _pairs(len(texts))
    like = relations(torch.from_numpy(label_numbers(texts)))[0].numpy()[first, second]
    views = _views(encoder, [row.text for row in texts[:_VIEWED]], max_tokens)
    figures = {
        "alignment_views": alignment(*views),
        "alignment_like": alignment(vectors[first[like]], vectors[second[like]]),
        "uniformity": uniformity(vectors),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def label_numbers(rows: Sequence[Utterance]) -> Int64[np.ndarray, "rows fields"]:
    """Polarity, class of intensity (-3 to 3, as in Acc-7) and emotions of rows as numbers; -1 for unknown."""
    names: dict[str, int] = {}
    numbers = [
        [
            POLARITIES.index(row.polarity),
            -1 if row.score is None else round(row.score + HIGHEST),
            *(names.setdefault(row.emotions[t], len(names)) if t in row.emotions else -1 for t in TAXONOMIES),
        ]
        for row in rows
    ]
    return np.array(numbers, np.int64)


@torch.no_grad()
def _views(encoder: SentenceEncoder, texts: Sequence[str], max_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of texts under two dropout masks."""
    torch.manual_seed(0)
    encoder.train()
    views = [encoder.encode(texts, max_tokens).numpy() for _ in range(2)]
    encoder.eval()
    return views[0], views[1]
