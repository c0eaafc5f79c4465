"""The last scan of a dataset in a few numbers."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline.core.atomic_write import write_if_changed
from pipeline.core.errors import StoreError
from pipeline.index.manifest import MANIFEST_CLIPS


@dataclass(frozen=True)
class Summary:
    """``index/summary.json``.

    Attributes:
        manifests: number of manifest shards, fixed by the first scan.
        clips: usable rows of the label table.
        rejected: rows that are no usable clips.
        absent: clips whose media file is missing.
        signature: fingerprint of the dataset's settings and its reader.
        packs: names of ready-made packs.
        missing_files: other files that the reader expected and that are missing.
        manifest_clips: mean number of clips in a manifest, about, when their number was fixed.
    """

    manifests: int
    clips: int
    rejected: int
    absent: int
    signature: str
    packs: list[str] = field(default_factory=list)
    missing_files: int = 0
    manifest_clips: int = MANIFEST_CLIPS

    def num_shards(self, shard_clips: int) -> int:
        """Number of an extractor's shards, of about ``shard_clips`` clips each: a power of two, like manifests."""
        return max(1, min(self.manifests, self.manifests * self.manifest_clips // shard_clips))

    def write(self, path: Path) -> None:
        """Write it, unless the file has this content already."""
        write_if_changed(path, (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode())


def read_summary(path: Path) -> Summary | None:
    """The summary of the last scan, or None before the first.

    Raises:
        StoreError: the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        return Summary(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise StoreError(f"{path}: not a scan summary ({error}); delete the folder {path.parent}") from error
