"""Score a trained run under missing text, shuffled words, dropped frames, blur and audio noise.

Blur and noise are applied to the media where `corrupt` has run, else to the features (feature-space proxies).
example: python -m pipeline robustness --pack processed/demo/packs/unaligned_50.h5 --run-dir RUN
"""

import argparse
import csv
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import StoreError
from pipeline.core.fingerprints import file_sha256
from pipeline.core.paths import DatasetPaths
from pipeline.corruptions.levels import LEVELS, MEDIA, Name
from pipeline.packs.build.corrupted import read_corrupted
from pipeline.packs.formats.files import read_card, read_split
from pipeline.packs.schema import PackSplit

if TYPE_CHECKING:
    from pipeline.training.robustness import Row

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("--pack", type=Path, required=True, help="HDF5 file of the pack the run was trained on")
    parser.add_argument("--run-dir", type=Path, required=True, help="folder of the run")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")


def run(*, pack: Path, run_dir: Path, threads: int = 1) -> None:
    """Write ``robustness.csv`` into the run's folder.

    Args:
        pack: the pack's HDF5 file in ``processed/<dataset>/packs/``; its card lies beside it.
        run_dir: the run's folder.
        threads: CPU threads.

    Raises:
        StoreError: the run was trained on another pack, or its files or corrupted splits are damaged.
    """
    from pipeline.corruptions.splits import make_tools
    from pipeline.training import checkpoint, device, robustness, run_folder

    plan = run_folder.read_run(run_dir)
    if file_sha256(pack) != plan.pack_sha256:
        raise StoreError(f"{run_dir} was trained on another version of {pack.name}; train it anew")
    fabric = device.make_fabric(plan.settings.training, threads=threads)
    model = run_folder.build_model(plan).to(fabric.device)
    checkpoint.load_weights(model, run_dir / run_folder.WEIGHTS)
    card = read_card(pack.with_suffix(".json"))
    tools = make_tools(
        read_split(pack, "train"),
        text_encoder=card.text_weights or plan.text_encoder,
        language=card.language,
        stored_text=plan.stored_text,
    )
    found = _RawSplits(pack, plan.pack_sha256)
    trials = robustness.trials(read_split(pack, "test"), seed=plan.seed, tools=tools, read_raw=found.read)
    _write(run_dir / "robustness.csv", robustness.scored(model, plan, trials))


class _RawSplits:
    """Test splits extracted from corrupted media, beside the folder of the packs."""

    def __init__(self, pack: Path, pack_sha256: str) -> None:
        self._pack, self._pack_sha256 = pack, pack_sha256
        self._made = {name for name in MEDIA if all(self._path(name, level).is_file() for level in LEVELS)}
        for name in MEDIA.keys() - self._made:
            logger.info("%s: not extracted from corrupted media; scored with its feature-space proxy", name)

    def read(self, name: Name, level: int) -> PackSplit | None:
        if name not in self._made:
            return None
        return read_corrupted(self._path(name, level), pack_sha256=self._pack_sha256)

    def _path(self, name: Name, level: int) -> Path:
        return DatasetPaths(self._pack.parents[1]).corrupted(name, level).pack(self._pack.stem, "h5")


def _write(path: Path, rows: Sequence["Row"]) -> None:
    with atomic_path(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
