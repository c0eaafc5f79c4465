"""The base of the openSMILE feature sets.

Source: Eyben, Wöllmer, Schuller 2010, https://doi.org/10.1145/1873951.1874246. The library carries audEERING's
research licence (non-commercial).
"""

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float32

from pipeline.core.errors import FeatureError
from pipeline.extractors._base import ClipInput, Extractor, ExtractorConfig
from pipeline.features.features import Features
from pipeline.media.audio import Sound

#: The longest analysis window; openSMILE returns NaN for shorter audio.
_MIN_DURATION_S = 0.06
#: Below this root mean square (-60 dB of full scale) a clip is noted as silent.
SILENT_RMS = 1e-3


class OpenSmileConfig(ExtractorConfig):
    """Settings of an openSMILE feature set."""

    functionals: bool = False
    """Also store the clip-level statistics, as the extra array ``functionals``."""


class OpenSmileExtractor(Extractor):
    """Low-level descriptors every 10 ms.

    Args:
        config: settings.

    Raises:
        ImportError: openSMILE is not installed.
    """

    #: openSMILE's name of the feature set.
    feature_set: ClassVar[str]

    def __init__(self, config: OpenSmileConfig):
        import opensmile

        self._low_level = _smile(opensmile, self.feature_set, "LowLevelDescriptors")
        self._functionals = _smile(opensmile, self.feature_set, "Functionals") if config.functionals else None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names openSMILE gives the low-level descriptors."""
        return tuple(self._low_level.feature_names)

    @property
    def functional_names(self) -> tuple[str, ...]:
        """Names openSMILE gives the functionals; empty where they are switched off."""
        return tuple(self._functionals.feature_names) if self._functionals else ()

    def extract(self, clip: ClipInput) -> Features:
        """Compute the descriptors of a clip.

        Times are openSMILE's own, not row number times step: it drops the last frames, extends the last row to the
        end of the signal, and gives ComParE's last two rows the same start. Values that are not finite become zero
        and are counted in the note ``not_finite``.

        Raises:
            FeatureError: no sound, or less than 60 ms of it.
        """
        sound = _checked(clip)
        table = self._low_level.process_signal(sound.waveform, sound.rate_hz)
        values = table.to_numpy(np.float32)
        finite = np.isfinite(values)
        return Features(
            values=np.where(finite, values, np.float32(0)),
            times=np.stack(
                [table.index.get_level_values(edge).total_seconds().to_numpy() for edge in ("start", "end")], axis=1
            ),
            mask=np.ones(len(values), bool),
            extras=self._statistics(sound),
            notes=_level(sound) | ({} if finite.all() else {"not_finite": int((~finite).sum())}),
        )

    def _statistics(self, sound: Sound) -> Mapping[str, Float32[np.ndarray, "functionals"]]:
        if self._functionals is None:
            return {}
        table = self._functionals.process_signal(sound.waveform, sound.rate_hz)
        return {"functionals": np.nan_to_num(table.to_numpy(np.float32)[0], posinf=0, neginf=0)}


def _smile(opensmile: Any, feature_set: str, level: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return opensmile.Smile(
            feature_set=opensmile.FeatureSet[feature_set],
            feature_level=opensmile.FeatureLevel[level],
            num_workers=1,
        )


def _checked(clip: ClipInput) -> Sound:
    if clip.sound is None:
        raise FeatureError(f"{clip.clip_id}: no sound was decoded; expected 16 kHz mono")
    if clip.sound.duration_s < _MIN_DURATION_S:
        raise FeatureError(
            f"{clip.clip_id}: {clip.sound.duration_s * 1000:.0f} ms of sound; openSMILE needs at least 60 ms"
        )
    return clip.sound


def _level(sound: Sound) -> dict[str, float | int | str]:
    """Peak and root mean square as fractions of full scale, and whether the clip is silent."""
    waveform = sound.waveform
    rms = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
    return {"peak": float(np.abs(waveform).max()), "rms": rms, "silent": int(rms < SILENT_RMS)}
