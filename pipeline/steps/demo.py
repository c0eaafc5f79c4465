"""Make the demo dataset: a synthetic talking head whose sentiment, words and word times are known.

example: python -m pipeline demo --output raw/demo
"""

import argparse
import logging
from pathlib import Path

from pipeline.demo.dataset import holds_demo, make_demo

_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the step's command line."""
    parser.add_argument("--output", type=Path, required=True, help="folder to make, such as raw/demo")
    parser.add_argument("--clips", type=int, default=64, help="number of clips, 6 or more (default: 64)")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything random (default: 1)")
    parser.add_argument("--workers", type=int, default=1, help="processes to use (default: 1)")


def run(*, output: Path, clips: int = 64, seed: int = 1, workers: int = 1) -> None:
    """Make the demo unless the folder already holds the same one, whose files are then left untouched.

    Args:
        output: folder to make.
        clips: number of clips.
        seed: of everything random.
        workers: processes to use.

    Raises:
        PipelineError: as ``make_demo``.
    """
    if holds_demo(output, num_clips=clips, seed=seed):
        _LOG.info("%s already holds this demo", output)
        return
    make_demo(output, num_clips=clips, seed=seed, workers=workers)
