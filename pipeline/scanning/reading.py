"""Opens a raw folder with its dataset's reader, and finds the faults of its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from pipeline.config.loading import validated
from pipeline.config.settings import DatasetConfig
from pipeline.core import plugins
from pipeline.core.errors import RawDataError
from pipeline.index.manifest import RejectedRow
from pipeline.readers._base import LabelTable, Packs, contents_of
from pipeline.readers._clips import faulty_rows


@dataclass(frozen=True)
class RawFolder:
    """A raw folder and the reader of its layout."""

    raw: Path
    reader: ModuleType
    options: BaseModel

    @property
    def version(self) -> int:
        """The reader's ``VERSION``."""
        return self.reader.VERSION

    def read(self) -> LabelTable | Packs:
        """Read it.

        Raises:
            RawDataError: a file or column that the layout needs is missing.
        """
        return self.reader.read(self.raw, self.options)


def open_raw(name: str, config: DatasetConfig, raw: Path) -> RawFolder:
    """Find a dataset's folder and reader.

    Raises:
        RawDataError: the folder is absent.
        ConfigError: the reader or one of its options is unknown.
    """
    if not raw.is_dir():
        remedy = "put the raw data there"
        if config.generator:
            remedy = f"make it with: python -m pipeline {config.generator} --output {raw}"
        raise RawDataError(f"dataset {name}: no folder {raw}; {contents_of(raw.parent)}; {remedy}")
    reader = plugins.load("readers", config.reader)
    return RawFolder(raw, reader, validated(reader.Options, config.options, f"options of dataset {name}"))


def faults_of(table: LabelTable, config: DatasetConfig) -> list[RejectedRow]:
    """Every faulty row: those that cannot be read and those that fail a check."""
    return table.faults + faulty_rows(table.clips, config.label_range, shared_videos=config.splits_may_share_videos)


@dataclass(frozen=True)
class MediaTally:
    """Counts of media files.

    Attributes:
        named: clips that name a file.
        present: clips whose file exists and may be read.
        example: a file that is named.
        fault: why a file may not be read.
    """

    named: int
    present: int
    example: str
    fault: str

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "MediaTally":
        """Count rows of media manifests."""
        named, present, example, fault = 0, 0, "", ""
        for row in rows:
            named += bool(row["media"])
            present += bool(row["sha256"])
            example, fault = example or row["media"] or "", fault or row.get("fault", "")
        return cls(named, present, example, fault)


def no_media_fault(media: MediaTally, raw: Path) -> str | None:
    """An error message if clips name files but none exists: the folder is wrong, not the clips."""
    if media.present or not media.named:
        return None
    if media.fault:
        return f"{raw}: none of {media.named} media files may be read; {media.fault}"
    folder = raw
    for part in Path(media.example).parts[:-1]:
        if not (folder / part).is_dir():
            break
        folder = folder / part
    return (
        f"{raw}: none of {media.named} media files is there; expected files like {media.example}; "
        f"{contents_of(folder)}; move the files or correct the dataset's options"
    )
