"""Score a trained run under missing text, shuffled words, dropped frames, blur and audio noise.

Blur and noise are applied to the media where `corrupt` has run, else to the features (feature-space proxies).
example: python -m pipeline robustness --pack processed/demo/packs/unaligned_50.h5 --run-dir RUN
"""

import logging
from pathlib import Path

from pipeline.core.paths import DatasetPaths
from pipeline.core.records import write_csv
from pipeline.corruptions.levels import LEVELS, MEDIA_MODALITY, CorruptionName
from pipeline.packs.build.corrupted import read_corrupted
from pipeline.packs.formats.files import read_card, read_split
from pipeline.packs.schema import PackSplit

logger = logging.getLogger(__name__)


def run(*, pack: Path, run_dir: Path) -> None:
    """Write ``robustness.csv`` into the run's folder.

    Args:
        pack: HDF5 file of the pack the run was trained on, in ``processed/<dataset>/packs/`` next to its card.
        run_dir: folder of the run.

    Raises:
        StoreError: the run was trained on another pack, or its files or corrupted splits are damaged.
    """
    from pipeline.corruptions.splits import make_context
    from pipeline.training.robustness import conditions, score_conditions
    from pipeline.training.run_folder import RunFolder

    folder = RunFolder(run_dir)
    folder.check_pack(pack)
    config, card = folder.spec, read_card(pack.with_suffix(".json"))
    model = folder.load_model(threads=1)
    context = make_context(
        read_split(pack, "train"),
        text_encoder=card.text_weights or config.text_encoder,
        language=card.language,
        stored_text=config.stored_text,
    )
    read_raw = _RawSplits(pack, config.pack_sha256).read
    test = conditions(read_split(pack, "test"), seed=config.seed, context=context, read_raw=read_raw)
    write_csv(folder.robustness_file, score_conditions(model, config, test))


class _RawSplits:
    """Test splits extracted from corrupted media, next to the folder of the packs."""

    def __init__(self, pack: Path, pack_sha256: str) -> None:
        self._pack, self._pack_sha256 = pack, pack_sha256
        self._extracted = {
            name for name in MEDIA_MODALITY if all(self._path(name, level).is_file() for level in LEVELS)
        }
        for name in MEDIA_MODALITY.keys() - self._extracted:
            logger.info("%s: not extracted from corrupted media; the feature-space proxy is used", name)

    def read(self, name: CorruptionName, level: int) -> PackSplit | None:
        if name not in self._extracted:
            return None
        return read_corrupted(self._path(name, level), pack_sha256=self._pack_sha256)

    def _path(self, name: CorruptionName, level: int) -> Path:
        return DatasetPaths(self._pack.parents[1]).corrupted(name, level).pack(self._pack.stem, "h5")
