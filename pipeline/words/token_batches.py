"""Batches of tokenised texts in which the numbers of a text do not depend on the other texts.

The rounding of a matrix product depends on its shape, so the shape of a batch must follow from each of its texts alone:
lengths are padded to a fixed step, and batches are filled up with dummy rows. The extractor `bert` and the sentence
encoder of the labels share this; it is in ``words`` because neither of their folders may import the other.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Int64

#: Lengths are padded to a multiple of this; coarser wastes work, finer wastes batches.
LENGTH_STEP = 8
#: Rows times length of a full batch stays below this, so that a long text brings few dummy rows along.
_BATCH_TOKENS = 1024

TokenIds = Sequence[int] | np.ndarray


def token_batches(
    texts: Sequence[TokenIds], *, max_rows: int, padding_id: int
) -> Iterator[tuple[list[int], Int64[np.ndarray, "rows tokens"], Int64[np.ndarray, "rows tokens"]]]:
    """Batches of texts of equal padded length, the shortest first.

    Args:
        texts: token ids of each text.
        max_rows: of a batch, dummy rows included.
        padding_id: token id that fills up the rest.

    Yields:
        Positions in ``texts``, and the padded ids and mask; dummy rows come last.
    """
    lengths = [-(-len(ids) // LENGTH_STEP) * LENGTH_STEP for ids in texts]
    for length in sorted(set(lengths)):
        same_length = [position for position, other in enumerate(lengths) if other == length]
        shape = (max(1, min(max_rows, _BATCH_TOKENS // length)), length)
        for start in range(0, len(same_length), shape[0]):
            positions = same_length[start : start + shape[0]]
            ids = [texts[position] for position in positions]
            yield positions, padded(ids, shape, padding_id), padding_mask(ids, shape)


def padded(texts: Sequence[TokenIds], shape: tuple[int, int], fill: int) -> Int64[np.ndarray, "rows tokens"]:
    """Numbers of the tokens of each text, padded at the end to a shape."""
    array = np.full(shape, fill, np.int64)
    for row, values in enumerate(texts):
        array[row, : len(values)] = values
    return array


def padding_mask(texts: Sequence[TokenIds], shape: tuple[int, int]) -> Int64[np.ndarray, "rows tokens"]:
    """1 for tokens, 0 for padding; the first column is always 1, since attention over nothing would be NaN."""
    mask = padded([np.ones(len(ids), np.int64) for ids in texts], shape, 0)
    mask[:, 0] = 1
    return mask
