"""The Python API: extract features, open packs, score predictions, load trained runs.

Heavy libraries are imported when a function first needs them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.errors import ConfigError, FeatureError
from pipeline.features.features import Features
from pipeline.packs.formats.reader import Pack

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.extractors._base import Extractor
    from pipeline.prediction.trained import TrainedRun


@dataclass(frozen=True)
class NamedFeatures(Features):
    """Features of a file with the names of their columns."""

    feature_names: tuple[str, ...] = ()

    def pandas(self) -> "pd.DataFrame":
        """A table with one row per frame or token: ``start_s``, ``end_s``, ``measured``, then the features."""
        import pandas as pd

        frame = pd.DataFrame({"start_s": self.times[:, 0], "end_s": self.times[:, 1], "measured": self.mask})
        return pd.concat([frame, pd.DataFrame(self.values, columns=list(self.feature_names))], axis=1)


def extract(
    file: Path | str, extractor: str, *, text: str | None = None, language: str = "en", **settings: Any
) -> NamedFeatures:
    """Extract the features of one file.

    The extractor stays loaded for further files with the same settings.

    Args:
        file: a video or audio file; text extractors do not open it.
        extractor: name of a file in ``pipeline/extractors/``, such as ``face``.
        text: transcript, for extractors that read text.
        language: language code of the text.
        **settings: settings of the extractor that differ from its defaults.

    Raises:
        ConfigError: the extractor or a setting is unknown.
        FeatureError: the file cannot be processed.
    """
    from pipeline.core.extractor_facts import extractor_facts
    from pipeline.extraction.tasks import Failure, Task
    from pipeline.extraction.worker import process
    from pipeline.media.span import MediaSpan

    reads = extractor_facts(extractor).reads
    built = _built(extractor, json.dumps(settings, sort_keys=True))
    media = MediaSpan(Path(file)) if {"sound", "video"} & set(reads) else None
    (outcome,) = process(built, reads, [Task(str(file), "", media, text=text, language=language)])
    if isinstance(outcome, Failure):
        raise FeatureError(f"{extractor}: {outcome.reason}")
    return NamedFeatures(**vars(outcome.features), feature_names=built.feature_names)


def open_pack(file: Path | str) -> Pack:
    """Open a pack.

    Args:
        file: ``.h5``, MMSA's ``.pkl`` (read without running code from it), or a folder of computational sequences.

    Raises:
        StoreError: there is no such pack, or it is damaged.
    """
    return Pack(Path(file))


def score(
    labels: Sequence[float] | Sequence[str], predictions: Sequence[float] | Sequence[str], metrics: str = "mosi"
) -> dict[str, float]:
    """Score predictions as MMSA does.

    Args:
        labels: sentiment values, or names of emotions.
        predictions: one prediction per label, of the same kind.
        metrics: ``mosi`` (labels in [-3, 3]), ``sims`` (labels in [-1, 1]) or ``emotion``.

    Raises:
        ConfigError: the metrics are unknown, or labels and predictions differ in number.
    """
    from pipeline.training.metrics import FAMILIES, emotion_scores, sentiment_scores

    if metrics not in FAMILIES:
        raise ConfigError(f"metrics {metrics!r}; expected one of {', '.join(FAMILIES)}")
    if len(labels) != len(predictions) or len(labels) == 0:
        raise ConfigError(
            f"{len(labels)} labels and {len(predictions)} predictions; expected one prediction per label, at least 1"
        )
    if metrics == "emotion":
        return emotion_scores([str(name) for name in labels], [str(name) for name in predictions]).values
    truth, guess = np.asarray(labels, np.float32), np.asarray(predictions, np.float32)
    return sentiment_scores("sims" if metrics == "sims" else "mosi", truth, guess).values


def load_run(folder: Path | str, *, isolated: bool = False, threads: int = 1) -> "TrainedRun":
    """Load a trained run; ``run.predict(video, text=...)`` predicts a new video.

    Args:
        folder: folder of the run.
        isolated: run each extractor in its own process, in parallel. Scripts then need an
            ``if __name__ == "__main__":`` guard.
        threads: CPU threads of the model.

    Raises:
        PipelineError: there is no finished run, or an extractor or the model has changed since.
    """
    from pipeline.prediction.trained import TrainedRun

    return TrainedRun(Path(folder), isolated=isolated, threads=threads)


@lru_cache(maxsize=4)
def _built(name: str, settings: str) -> "Extractor":
    from pipeline.config.loading import validated
    from pipeline.core import plugins
    from pipeline.extraction.worker import build

    values: Mapping[str, Any] = json.loads(settings)
    config = validated(plugins.load("extractors", name).Config, values, f"settings of extractor {name}")
    return build(name, config.model_dump())
