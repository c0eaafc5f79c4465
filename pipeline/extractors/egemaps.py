"""Audio features: the 25 low-level descriptors of eGeMAPSv02, every 10 ms.

Source: Eyben et al. 2016, https://doi.org/10.1109/TAFFC.2015.2457417.
"""

from pipeline.extractors._opensmile import OpenSmileConfig, OpenSmileExtractor

VERSION = 1
MODALITY = "audio"
READS = ("sound",)
REQUIRES = ("opensmile",)
SHARD_CLIPS = 256


class Config(OpenSmileConfig):
    """Settings of eGeMAPSv02; its functionals are 88 numbers."""


class EgemapsExtractor(OpenSmileExtractor):
    """Loudness, spectral slope, pitch, voice quality and formants."""

    feature_set = "eGeMAPSv02"


extractor = EgemapsExtractor
