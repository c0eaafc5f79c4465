"""Raw words of a transcript, and the raw word of each sub-word token."""

import re

import numpy as np
from jaxtyping import Int32

#: Languages without spaces: every character is a word.
_UNSPACED = frozenset({"zh", "ja"})


def word_spans(text: str, language: str) -> Int32[np.ndarray, "words 2"]:
    """Character interval of each raw word: separated by white space, or each character of zh and ja.

    Args:
        text: the transcript.
        language: BCP 47 code; only its first part is used.
    """
    pattern = r"\S" if language.lower().split("-")[0] in _UNSPACED else r"\S+"
    spans = [match.span() for match in re.finditer(pattern, text)]
    return np.array(spans, np.int32).reshape(-1, 2)


def words_of_tokens(
    token_spans: Int32[np.ndarray, "tokens 2"],
    spans: Int32[np.ndarray, "words 2"],
    is_special: Int32[np.ndarray, "tokens"],
) -> Int32[np.ndarray, "tokens"]:
    """Map sub-word tokens to words; -1 for special tokens and for tokens of white space only.

    A token belongs to the word of its last character, since some tokenizers include the space before it.
    """
    last = token_spans[:, 1] - 1
    word = np.searchsorted(spans[:, 0], last, side="right") - 1
    inside = (word >= 0) & (last < spans[word, 1]) & (token_spans[:, 1] > token_spans[:, 0]) & (is_special == 0)
    return np.where(inside, word, -1).astype(np.int32)
