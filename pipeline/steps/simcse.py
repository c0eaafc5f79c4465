"""Train a union's sentence encoder on its train texts (SimCSE).

example: python -m pipeline simcse --union mosi_meld
"""

import json
import logging
from pathlib import Path

from pipeline.config import weights
from pipeline.core.atomic_write import write_if_changed
from pipeline.core.errors import ConfigError
from pipeline.core.paths import Layout
from pipeline.labels.union_settings import read_union, read_union_settings

_log = logging.getLogger(__name__)


def run(*, union: str, processed: Path = Path("processed")) -> None:
    """Write the trained encoder's folder and ``training.json``.

    Args:
        union: name of a union whose settings contain simcse.
        processed: folder of derived files.

    Raises:
        PipelineError: settings, index or weights are absent or damaged.
    """
    import torch

    from pipeline.labels.encoder import SentenceEncoder
    from pipeline.labels.geometry import shape
    from pipeline.labels.simcse import train

    layout = Layout(processed)
    settings = read_union_settings(layout.union(union).settings)
    if settings.config.simcse is None or settings.trained_encoder is None:
        raise ConfigError(f"union {union} asks for no training; set simcse: {{mode: unsupervised}} in its file")
    torch.set_num_threads(1)
    config, paths = settings.config.encoder, layout.encoder(settings.trained_encoder)
    rows = [row for row in read_union(settings, layout) if row.text]
    encoder = SentenceEncoder(weights.resolve_text_encoder(config.weights), config.pooling)
    before = shape(encoder, [row for row in rows if row.split == "valid"], config.max_tokens)
    curve = train(encoder, [row for row in rows if row.split == "train"], settings.config.simcse)
    after = shape(encoder, [row for row in rows if row.split == "valid"], config.max_tokens)
    encoder.save(paths.weights.parent)
    facts = {"before": before, "after": after, "steps": curve.steps, "losses": curve.losses}
    write_if_changed(paths.training, (json.dumps(facts, indent=1) + "\n").encode())
    _log.info("before %s, after %s", before, after)
