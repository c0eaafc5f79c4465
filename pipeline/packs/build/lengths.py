"""Length of a padded axis, and what it cuts."""

from collections.abc import Mapping

import numpy as np

from pipeline.config.settings import LengthPolicy
from pipeline.core.errors import ConfigError
from pipeline.packs.schema import LengthReport


def fixed_length(policy: LengthPolicy, counts: Mapping[str, int], train: set[str], *, at_least: int) -> LengthReport:
    """Apply a length policy.

    Args:
        policy: a fixed number of rows, or a percentile of the train clips.
        counts: rows per clip, over all splits.
        train: the clips of the train split, which alone define a percentile.
        at_least: lower bound. MMSA packs audio and vision by the number of tokens, so that neither axis may be
            shorter than the text's.
    """
    if policy.rows is not None:
        rows, words = policy.rows, f"{policy.rows} rows"
    elif policy.percentile is not None:
        lengths = [count for clip_id, count in counts.items() if clip_id in train]
        rows = int(np.percentile(lengths or [1], policy.percentile, method="higher"))
        words = f"percentile {policy.percentile:g} of the train clips"
    else:
        raise ConfigError("a length policy needs rows or percentile")
    padded = -(-max(rows, at_least, 5) // policy.multiple_of) * policy.multiple_of
    cut = [count - padded for count in counts.values() if count > padded]
    return LengthReport(
        policy=f"{words}, rounded up to a multiple of {policy.multiple_of}",
        padded=padded,
        longest=max(counts.values(), default=0),
        clips_cut=len(cut),
        rows_cut=sum(cut),
    )
