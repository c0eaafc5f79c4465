"""Build a pack from the features of a dataset: MMSA pickle, HDF5 and card.

For a dataset of existing pickles, import its pickle instead.
example: python -m pipeline pack --dataset demo --pack unaligned_50
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.config.loading import validated
from pipeline.config.settings import DatasetConfig, PackConfig
from pipeline.core.errors import StoreError
from pipeline.core.fingerprints import digest, file_sha256, library_versions
from pipeline.core.paths import DatasetPaths, Layout
from pipeline.core.types import Split
from pipeline.index.dataset_index import DatasetIndex
from pipeline.index.manifest import quarantine_row, read_jsonl
from pipeline.packs.build.assemble import PackInputs, assemble
from pipeline.packs.build.imported import import_splits
from pipeline.packs.formats.files import read_pickle, write_card, write_h5, write_pickle
from pipeline.packs.row_arrays import RowArray
from pipeline.packs.schema import PackCard, PackSplit
from pipeline.readers.pickled import Options as PickledOptions

_LIBRARIES = ("h5py", "numpy")


def run(*, dataset: str, pack: str, raw: Path = Path("raw"), processed: Path = Path("processed")) -> None:
    """Write ``packs/<pack>.pkl``, ``.h5`` and ``.json``.

    Args:
        dataset: name of a dataset whose extractors passed the gate.
        pack: name of the pack.
        raw: folder of the raw datasets, read only to import an existing pickle.
        processed: folder of derived files.

    Raises:
        StoreError: a store or a pickle is damaged, or a split would be empty.
    """
    paths = Layout(processed).dataset(dataset)
    settings = _read_settings(paths.pack_settings(pack))
    config = validated(DatasetConfig, settings["config"], f"dataset {dataset}")
    described: dict[str, Any] = {
        "dataset": dataset,
        "pack": pack,
        "label_range": config.label_range,
        "metrics": config.metrics,
        "language": config.language,
        "versions": {"triptych": __version__, **library_versions(_LIBRARIES)},
    }
    splits: Mapping[Split, PackSplit[RowArray]]
    if "settings" in settings:
        pack_config = validated(PackConfig, settings["settings"], f"pack {pack}")
        splits, card = _assembled(paths, pack_config, described)
    else:
        splits, card = _imported(raw / dataset, config, described)
    write_pickle(paths.pack(pack, "pkl"), splits)
    write_h5(paths.pack(pack, "h5"), splits)
    write_card(paths.pack(pack, "json"), card)


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: no readable settings ({error}); run: python -m pipeline scan") from error


def _assembled(
    paths: DatasetPaths, config: PackConfig, described: Mapping[str, Any]
) -> tuple[dict[Split, PackSplit[RowArray]], PackCard]:
    index = DatasetIndex(paths)
    texts = index.texts()
    labels = read_jsonl(paths.labels)
    extractors = config.extractors()
    inputs = PackInputs(
        labels=labels,
        texts=texts,
        stores={modality: index.stores(name) for modality, name in extractors.items()},
        quarantine=_quarantine(paths, config, described["dataset"]),
        words=index.stores(config.align.words) if config.align else [],
    )
    settings = {name: _read_settings(paths.extractor_settings(name)) for name in config.all_extractors()}
    text_weights = settings[extractors["text"]]["outside"].get("weights")
    described = {**described, "text_weights": text_weights, "extractor_settings": settings}
    splits, card = assemble(inputs, config, described, scratch=paths.packs)
    fingerprint = digest([labels, texts, card.identities, [row.clip_id for row in card.dropped]])
    return splits, card.model_copy(update={"inputs": fingerprint})


def _quarantine(paths: DatasetPaths, config: PackConfig, dataset: str) -> list[dict[str, Any]]:
    """Rows quarantined by the scan, and clips that the pack's own extractors failed on."""
    rows = [quarantine_row(dataset, row) for row in read_jsonl(paths.rejected)]
    return rows + [
        row for extractor in config.all_extractors() for row in read_jsonl(paths.extractor_quarantine(extractor))
    ]


def _imported(
    raw: Path, config: DatasetConfig, described: Mapping[str, Any]
) -> tuple[dict[Split, PackSplit], PackCard]:
    options = validated(PickledOptions, config.options, f"options of dataset {described['dataset']}")
    path = raw / options.packs[described["pack"]]
    described = {**described, "text_weights": options.text_weights, "inputs": file_sha256(path)}
    return import_splits(read_pickle(path), described, normalise=options.normalise)
