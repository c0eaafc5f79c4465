"""Audio features: the 65 low-level descriptors of ComParE 2016, every 10 ms.

Source: Schuller et al. 2016, https://doi.org/10.21437/Interspeech.2016-129.
"""

from pipeline.extractors._opensmile import OpenSmileConfig, OpenSmileExtractor

VERSION = 1
MODALITY = "audio"
READS = ("sound",)
REQUIRES = ("opensmile",)
SHARD_CLIPS = 256


class Config(OpenSmileConfig):
    """Settings of ComParE 2016; its functionals are 6373 numbers."""


class CompareExtractor(OpenSmileExtractor):
    """Voicing, loudness, spectrum and cepstrum."""

    feature_set = "ComParE_2016"


extractor = CompareExtractor
