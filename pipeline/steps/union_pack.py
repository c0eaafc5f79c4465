"""Join the packs of a union's datasets, with universal labels, for joint training.

example: python -m pipeline union_pack --union mosi_meld --pack text_50
"""

from contextlib import ExitStack
from pathlib import Path

from pipeline import __version__
from pipeline.core.fingerprints import digest, file_sha256
from pipeline.core.paths import Layout
from pipeline.labels.table import read_labels
from pipeline.labels.union_settings import UnionSettings, read_union_settings
from pipeline.packs.build.union import Member, unite
from pipeline.packs.formats.files import open_splits, read_card, write_card, write_h5, write_pickle


def run(*, union: str, pack: str, processed: Path = Path("processed")) -> None:
    """Write ``packs/<pack>.pkl``, ``.h5`` and ``.json`` of the union.

    Args:
        union: name of a union with universal labels.
        pack: name of the pack, which every dataset of the union must have.
        processed: folder of derived files.

    Raises:
        StoreError: a pack or the labels are absent or damaged, or the packs are not compatible.
    """
    layout = Layout(processed)
    settings = read_union_settings(layout.union(union).settings)
    labels = layout.union(union).labels
    inputs = [file_sha256(labels), *(file_sha256(layout.dataset(name).pack(pack, "h5")) for name in settings.datasets)]
    described = {"dataset": union, "pack": pack, "inputs": digest(inputs), "versions": {"triptych": __version__}}
    paths = layout.dataset(union)
    with ExitStack() as stack:
        splits, card = unite(_members(settings, layout, pack, stack), read_labels(labels), described)
        write_pickle(paths.pack(pack, "pkl"), splits)
        write_h5(paths.pack(pack, "h5"), splits)
    write_card(paths.pack(pack, "json"), card)


def _members(settings: UnionSettings, layout: Layout, pack: str, stack: ExitStack) -> dict[str, Member]:
    members = {}
    for name, dataset in settings.datasets.items():
        paths = layout.dataset(name)
        splits = stack.enter_context(open_splits(paths.pack(pack, "h5")))
        members[name] = Member(splits, read_card(paths.pack(pack, "json")), dataset.taxonomy)
    return members
