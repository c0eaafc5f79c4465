"""Terms used everywhere: modalities, splits, units.

Axis names in shape annotations: ``clips``, ``batch``, ``frames`` (an extractor's own rate), ``steps`` (a pack's
padded rows), ``tokens`` (sub-words), ``words``, ``features``, ``samples``, ``height``, ``width``.
Times are float seconds from the start of the clip; intervals are half-open ``[start_s, end_s)``.
"""

from typing import Literal, get_args

Seconds = float
Hertz = float

Modality = Literal["text", "audio", "vision"]
#: The family of metrics of a dataset.
FamilyName = Literal["mosi", "sims", "emotion"]
Split = Literal["train", "valid", "test"]

#: Always in this order.
MODALITIES: tuple[Modality, ...] = get_args(Modality)
#: Modalities with rows in time.
STREAMS: tuple[Modality, ...] = ("audio", "vision")
SPLITS: tuple[Split, ...] = get_args(Split)
