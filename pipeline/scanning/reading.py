"""Reading a raw folder with its dataset's reader, and what is wrong with what was read."""

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
from pipeline.index.manifest import Rejected
from pipeline.readers._base import Packs, Table, found_instead
from pipeline.readers._clips import problems


@dataclass(frozen=True)
class RawSource:
    """A raw folder and the reader that knows its layout."""

    raw: Path
    reader: ModuleType
    options: BaseModel

    @property
    def version(self) -> int:
        """The reader's ``VERSION``."""
        return self.reader.VERSION

    def read(self) -> Table | Packs:
        """Read it.

        Raises:
            RawDataError: a file or column that the layout needs is missing.
        """
        return self.reader.read(self.raw, self.options)


def open_raw(name: str, config: DatasetConfig, raw: Path) -> RawSource:
    """Find a dataset's folder and reader.

    Raises:
        RawDataError: the folder is absent.
        ConfigError: the reader or one of its options is unknown.
    """
    if not raw.is_dir():
        remedy = "put the raw data there"
        if config.generator:
            remedy = f"make it with: python -m pipeline {config.generator} --output {raw}"
        raise RawDataError(f"dataset {name}: no folder {raw}; {found_instead(raw.parent)}; {remedy}")
    reader = plugins.load("readers", config.reader)
    return RawSource(raw, reader, validated(reader.Options, config.options, f"options of dataset {name}"))


def faults_of(table: Table, config: DatasetConfig) -> list[Rejected]:
    """Every faulty row: what the reader stumbled over and what the checks of clips find."""
    return table.faults + problems(table.clips, config.label_range, shared_videos=config.splits_may_share_videos)


@dataclass(frozen=True)
class MediaTally:
    """What a look at the media files found.

    Attributes:
        named: clips that name a file.
        present: clips whose file is there and may be read.
        example: a file that is named.
        fault: why a file may not be read.
    """

    named: int
    present: int
    example: str
    fault: str

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "MediaTally":
        """Count rows of media manifests; all are taken, one after the other."""
        named, present, example, fault = 0, 0, "", ""
        for row in rows:
            named += bool(row["media"])
            present += bool(row["sha256"])
            example, fault = example or row["media"] or "", fault or row.get("fault", "")
        return cls(named, present, example, fault)


def no_media_fault(media: MediaTally, raw: Path) -> str | None:
    """One line if files are named but not one of them is there: the folder is wrong, not the clips."""
    if media.present or not media.named:
        return None
    if media.fault:
        return f"{raw}: not one of {media.named} media files may be read; {media.fault}"
    folder = raw
    for part in Path(media.example).parts[:-1]:
        if not (folder / part).is_dir():
            break
        folder = folder / part
    return (
        f"{raw}: not one of {media.named} media files is there; expected such as {media.example}; "
        f"{found_instead(folder)}; move the files or correct the dataset's options"
    )
