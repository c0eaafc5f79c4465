"""The scan: read the label table, hash what changed, rewrite only the manifests whose content differs."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.config.settings import DatasetConfig
from pipeline.core.atomic_write import write_if_changed, write_lines_if_changed
from pipeline.core.errors import RawDataError
from pipeline.core.fingerprints import FileHashes, digest
from pipeline.core.paths import DatasetPaths
from pipeline.index.manifest import (
    Clip,
    RejectedRow,
    label_row,
    manifest_clips,
    media_row,
    num_manifests,
    shard_name,
    text_row,
    to_jsonl,
    words_row,
)
from pipeline.index.summary import Summary, read_summary
from pipeline.readers._base import LabelTable, Packs
from pipeline.scanning.dialogue import context_row, contexts
from pipeline.scanning.lines import Lines
from pipeline.scanning.links import Links
from pipeline.scanning.reading import MediaTally, faults_of, no_media_fault, open_raw

_SHOWN_PROBLEMS = 50
#: Raised whenever the scan writes other files, so that an older index is rebuilt.
_FORMAT = 3


def scan(
    name: str, config: DatasetConfig, *, raw: Path, paths: DatasetPaths, deep: bool = False, needs_media: bool = True
) -> Summary:
    """Bring a dataset's index up to date.

    Args:
        name: the dataset's name, for messages.
        config: how its raw folder is read.
        raw: its raw folder.
        paths: where its index goes.
        deep: hash every file again.
        needs_media: a folder without a single media file is an error; False if only texts and labels are needed. The
            index lists absent files either way, so that a later scan that needs them finds this error.

    Raises:
        RawDataError: the raw folder is absent, no media file is there, rows are faulty (``bad_rows: error``), or the
            disk takes no more.
        ConfigError: the reader or one of its options is unknown.
    """
    source = open_raw(name, config, raw)
    signature = digest([config.model_dump(mode="json", exclude={"generator"}), source.version, _FORMAT])
    paths.index.mkdir(parents=True, exist_ok=True)
    cache = paths.index / "files.sqlite"
    with _disk_space_needed(name, paths), FileLock(paths.index / ".lock"), FileHashes(cache, deep=deep) as hashes:
        before = read_summary(paths.summary)
        if before and _is_complete(before, signature) and hashes.nothing_changed():
            return before
        content = source.read()
        links = Links(raw, follow=config.follow_links)
        if isinstance(content, Packs):
            links.check(content.files.values())
            summary = _index_packs(content, paths, signature, hashes)
        else:
            table = _checked(name, content, config)
            links.check(table.sources)
            manifests, each = _manifest_counts(len(table.clips), before)
            lines = Lines(manifests)
            media = MediaTally.of(_collect(table, config, lines, lambda clip: _media_row(clip, raw, links, hashes)))
            if needs_media and (fault := no_media_fault(media, raw)):
                raise RawDataError(fault)
            _index_table(table, lines, paths)
            for path in table.sources:
                hashes.sha256(path)
            counts = len(table.clips), len(table.unusable), len(table.clips) - media.present
            summary = Summary(manifests, *counts, signature, missing_files=table.missing_files, manifest_clips=each)
        hashes.forget_unseen()
        summary.write(paths.summary)
    return summary


@contextmanager
def _disk_space_needed(name: str, paths: DatasetPaths) -> Iterator[None]:
    """Turn an error of SQLite, which cannot write, into one line."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise RawDataError(
            f"dataset {name}: its rows cannot be written ({error}); free disk space in {paths.index} and in "
            "the folder of temporary files (TMPDIR), then start again"
        ) from error


def _index_packs(packs: Packs, paths: DatasetPaths, signature: str, hashes: FileHashes) -> Summary:
    for pack, path in sorted(packs.files.items()):
        row = {"pack": pack, "file": path.name, "sha256": hashes.sha256(path)}
        write_if_changed(paths.manifest("packs", pack), to_jsonl([row]))
    return Summary(0, 0, 0, 0, signature, sorted(packs.files))


def _checked(name: str, table: LabelTable, config: DatasetConfig) -> LabelTable:
    """The table without faulty rows, or an error that lists them all."""
    faults = faults_of(table, config)
    if faults and config.bad_rows == "error":
        lines = [f"{fault.where} ({fault.clip_id[:80]!r}): {fault.reason}" for fault in faults[:_SHOWN_PROBLEMS]]
        if len(faults) > _SHOWN_PROBLEMS:
            lines.append(f"... and {len(faults) - _SHOWN_PROBLEMS} more")
        head = f"dataset {name}: {len(faults)} faults in its label table; correct them or set bad_rows: quarantine"
        raise RawDataError("\n".join([head, *lines]))
    bad = {fault.where for fault in faults}
    return replace(table, clips=table.clips.without(bad), faults=[], unusable=table.unusable + faults)


def _is_complete(before: Summary, signature: str) -> bool:
    """The last scan had the same settings and missed nothing: checking the known files is enough."""
    return before.signature == signature and before.absent == before.missing_files == 0


def _collect(
    table: LabelTable, config: DatasetConfig, lines: Lines, media_of: Callable[[Clip], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Add all rows of each clip to ``lines`` and yield its media row."""
    around = contexts(table.clips, config.context) if config.context else {}
    for clip in table.clips:
        media = media_of(clip)
        text = {**text_row(clip, config.language), **context_row(around, clip.clip_id)}
        rows = {"media": media, "text": text, "labels": label_row(clip)}
        if clip.words is not None:
            rows["words"] = words_row(clip)
        if clip.split == "test":
            rows["test"] = {"clip_id": clip.clip_id}
        lines.add(clip.clip_id, rows)
        yield media


def _index_table(table: LabelTable, lines: Lines, paths: DatasetPaths) -> None:
    """Write all manifests."""
    for kind in ("media", "text", "words"):
        for shard in range(lines.shards):
            content = "".join(lines.of_shard(kind, shard)).encode()
            write_if_changed(paths.manifest(kind, shard_name(shard)), content)
    write_lines_if_changed(paths.labels, lines.of_all("labels"))
    write_lines_if_changed(paths.test_clips, lines.of_all("test"))
    write_if_changed(paths.rejected, to_jsonl(_rejected_rows(table.unusable)))


def _manifest_counts(num_clips: int, before: Summary | None) -> tuple[int, int]:
    """Number of manifests and clips in each, fixed by the first scan: a clip never moves to another shard."""
    if before and before.manifests:
        return before.manifests, before.manifest_clips
    return num_manifests(num_clips), manifest_clips(num_clips)


def _media_row(clip: Clip, raw: Path, links: Links, hashes: FileHashes) -> dict[str, Any]:
    if clip.media is None:
        return media_row(clip, None)
    path = raw / clip.media
    if fault := links.fault(path):
        return media_row(clip, None, fault)
    return media_row(clip, _hash_of(path, hashes))


def _hash_of(path: Path, hashes: FileHashes) -> str | None:
    if not path.is_file():  # a named pipe would block for ever
        return None
    try:
        return hashes.sha256(path)
    except OSError:
        return None


def _rejected_rows(rejected: Sequence[RejectedRow]) -> list[dict[str, Any]]:
    return [asdict(row) for row in sorted(rejected, key=lambda row: (row.clip_id, row.where, row.reason))]
