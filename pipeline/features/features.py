"""The features of one clip, as an extractor returns them and a store contains them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float32, Float64

from pipeline.core.errors import FeatureError


@dataclass(frozen=True)
class Features:
    """One modality of one clip, row by row.

    Attributes:
        values: one row per frame (audio, vision) or sub-word token (text).
        times: start and end of each row in seconds of the clip; NaN where a row has no time (text).
        mask: False where nothing was measured, such as a frame without a face. Such rows stay in place, so that
            the time axis has no gaps, and their values are zero.
        extras: further arrays of the clip, such as token ids, keyed by name.
        notes: small facts about the extraction (a number or a word each), stored as attributes.
    """

    values: Float32[np.ndarray, "frames features"]
    times: Float64[np.ndarray, "frames 2"]
    mask: Bool[np.ndarray, "frames"]
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: Mapping[str, float | int | str] = field(default_factory=dict)


def validate_features(features: Features, *, num_features: int) -> None:
    """Check the guarantees that every reader of a store relies on.

    Args:
        features: the features of one clip.
        num_features: the number of names in the extractor's ``feature_names``.

    Raises:
        FeatureError: no rows, another width, values that are not finite, or arrays of unequal length.
    """
    frames, width = features.values.shape
    if frames == 0:
        raise FeatureError("the extractor returned no rows; expected at least one")
    if width != num_features:
        raise FeatureError(f"{width} columns were returned; expected {num_features}, one for each feature name")
    if features.times.shape != (frames, 2) or features.mask.shape != (frames,):
        raise FeatureError(
            f"times {features.times.shape} and mask {features.mask.shape} do not fit {frames} rows of values"
        )
    if not np.isfinite(features.values).all():
        bad = int((~np.isfinite(features.values)).sum())
        raise FeatureError(f"{bad} of {features.values.size} values are not finite")
    if features.values[~features.mask].any():
        raise FeatureError("masked rows have values other than zero")
