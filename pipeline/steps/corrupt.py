"""Build a pack's test split from corrupted media: one level of blur or audio noise.

example: python -m pipeline corrupt --dataset demo --pack unaligned_50 --corruption blur --level 2
"""

from pathlib import Path

from pipeline.core.errors import StoreError
from pipeline.core.fingerprints import file_sha256
from pipeline.core.paths import Layout
from pipeline.corruptions.levels import MEDIA_MODALITY, CorruptionLevel, MediaCorruption, at_level
from pipeline.index.dataset_index import DatasetIndex
from pipeline.packs.build.corrupted import with_corrupted, write_corrupted
from pipeline.packs.formats.files import read_card, read_split


def run(
    *,
    dataset: str,
    pack: str,
    corruption: MediaCorruption,
    level: CorruptionLevel,
    processed: Path = Path("processed"),
    max_failed_fraction: float = 0.05,
) -> None:
    """Write ``corrupted/<corruption>_<level>/packs/<pack>.h5``.

    Args:
        dataset: name of the dataset.
        pack: name of a pack of its media.
        corruption: corruption that was applied to the media.
        level: strength, 1 to 4.
        processed: folder of derived files.
        max_failed_fraction: largest fraction of the test clips that may lose the modality.

    Raises:
        StoreError: a store is absent or damaged, or too many clips failed.
    """
    paths = Layout(processed).dataset(dataset)
    under, file = at_level(corruption, level), paths.pack(pack, "h5")
    card, test = read_card(paths.pack(pack, "json")), read_split(file, "test")
    modality = MEDIA_MODALITY[under.name]
    if modality not in card.extractors:
        raise StoreError(
            f"pack {pack} of {dataset} was imported and has no media to corrupt; "
            "run python -m pipeline robustness, which scores feature-space proxies"
        )
    where, index = paths.corrupted(under.name, level), DatasetIndex(paths)
    split, lacking = with_corrupted(
        test,
        modality,
        card,
        corrupted=index.stores(card.extractors[modality], where),
        text=index.stores(card.extractors["text"]) if card.aligned else [],
        words=index.stores(card.settings["align"]["words"]) if card.aligned else [],
    )
    if len(lacking) > max_failed_fraction * len(test):
        raise StoreError(
            f"{dataset}, {corruption} {level}: {len(lacking)} of {len(test)} test clips have no {modality} "
            f"({', '.join(lacking[:3])} ...); expected at most {max_failed_fraction:g} of them; "
            f"see *.failed.jsonl in {where.root}"
        )
    write_corrupted(where.pack(pack, "h5"), split, pack_sha256=file_sha256(file))
