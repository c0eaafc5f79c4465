"""Make the demo dataset: a synthetic talking head with known sentiment, words and word timings.

example: python -m pipeline demo --output raw/demo
"""

import logging
from pathlib import Path

from pipeline.demo.dataset import is_demo, make_demo

_LOG = logging.getLogger(__name__)


def run(*, output: Path, clips: int = 64, seed: int = 1, workers: int = 1) -> None:
    """Make the demo, unless the folder already contains the same one.

    Args:
        output: folder to write, such as raw/demo.
        clips: number of clips, 6 or more.
        seed: random seed.
        workers: number of processes.

    Raises:
        PipelineError: as ``make_demo``.
    """
    if is_demo(output, num_clips=clips, seed=seed):
        _LOG.info("%s already contains this demo", output)
        return
    make_demo(output, num_clips=clips, seed=seed, workers=workers)
