"""The scan: read the label table, hash what changed, rewrite only the manifests whose content differs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.atomic import write_if_changed
from pipeline.config.settings import DatasetConfig
from pipeline.errors import RawDataError
from pipeline.manifest import (
    Clip,
    Rejected,
    label_row,
    manifest_clips,
    media_row,
    num_shards,
    shard_name,
    shard_of,
    text_row,
    to_jsonl,
    words_row,
)
from pipeline.paths import DatasetPaths
from pipeline.provenance import FileHashes, digest
from pipeline.readers._base import Packs, Table
from pipeline.scanning.dialogue import context_row, contexts
from pipeline.scanning.links import Links
from pipeline.scanning.reading import faults_of, no_media_fault, open_raw
from pipeline.scanning.summary import Summary, read_summary

_SHOWN_PROBLEMS = 50
#: Raised whenever the scan writes other files, so that an older index is made anew.
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
        needs_media: a folder without a single media file is an error; False where texts and labels are all that is
            wanted. Absent files are absent in the index either way, so a later scan that needs them says so.

    Raises:
        RawDataError: the raw folder is absent, no media file is there, or rows are faulty (``bad_rows: error``).
        ConfigError: the reader or one of its options is unknown.
    """
    source = open_raw(name, config, raw)
    signature = digest([config.model_dump(mode="json"), source.version, _FORMAT])
    paths.index.mkdir(parents=True, exist_ok=True)
    with FileLock(paths.index / ".lock"), FileHashes(paths.index / "files.sqlite", deep=deep) as hashes:
        before = read_summary(paths.summary)
        if before and _is_complete(before, signature) and hashes.nothing_changed():
            return before
        found = source.read()
        links = Links(raw, follow=config.follow_links)
        if isinstance(found, Packs):
            links.check(found.files.values())
            summary = _index_packs(found, paths, signature, hashes)
        else:
            table = _checked(name, found, config)
            links.check(table.sources)
            media = [_media_row(clip, raw, links, hashes) for clip in table.clips]
            if needs_media and (fault := no_media_fault(media, raw)):
                raise RawDataError(fault)
            summary = _index_table(table, config, media, raw, paths, signature, hashes, before)
        summary.write(paths.summary)
    return summary


def _index_packs(found: Packs, paths: DatasetPaths, signature: str, hashes: FileHashes) -> Summary:
    for pack, path in sorted(found.files.items()):
        row = {"pack": pack, "file": path.name, "sha256": hashes.sha256(path)}
        write_if_changed(paths.manifest("packs", pack), to_jsonl([row]))
    hashes.forget_all_but(found.files.values())
    return Summary(0, 0, 0, 0, signature, sorted(found.files))


def _checked(name: str, table: Table, config: DatasetConfig) -> Table:
    """The table without faulty rows, or an error that lists them all."""
    faults = faults_of(table, config)
    if faults and config.bad_rows == "error":
        lines = [f"{fault.where} ({fault.clip_id[:80]!r}): {fault.reason}" for fault in faults[:_SHOWN_PROBLEMS]]
        if len(faults) > _SHOWN_PROBLEMS:
            lines.append(f"... and {len(faults) - _SHOWN_PROBLEMS} more")
        head = f"dataset {name}: {len(faults)} faults in its label table; mend them or set bad_rows: quarantine"
        raise RawDataError("\n".join([head, *lines]))
    bad = {fault.where for fault in faults}
    clips = [clip for clip in table.clips if clip.where not in bad]
    return replace(table, clips=clips, faults=[], unusable=table.unusable + faults)


def _is_complete(before: Summary, signature: str) -> bool:
    """Nothing was missing when the same settings were used last: a look at the known files is enough."""
    return before.signature == signature and before.absent == before.missing_files == 0


def _index_table(
    table: Table,
    config: DatasetConfig,
    media: Sequence[dict[str, Any]],
    raw: Path,
    paths: DatasetPaths,
    signature: str,
    hashes: FileHashes,
    before: Summary | None,
) -> Summary:
    manifests, each = _layout(len(table.clips), before)
    around = contexts(table.clips, config.context) if config.context else {}
    texts = [{**text_row(clip, config.language), **context_row(around, clip.clip_id)} for clip in table.clips]
    words = [words_row(clip) for clip in table.clips if clip.words is not None]
    for kind, rows in (("media", media), ("text", texts), ("words", words)):
        _write_manifests(rows, kind, manifests, paths)
    labels = sorted((label_row(clip) for clip in table.clips), key=_clip_id)
    write_if_changed(paths.labels, to_jsonl(labels))
    test = [{"clip_id": row["clip_id"]} for row in labels if row["split"] == "test"]
    write_if_changed(paths.test_clips, to_jsonl(test))
    write_if_changed(paths.rejected, to_jsonl(_rejected_rows(table.unusable)))
    present = [raw / row["media"] for row in media if row["sha256"]]
    for path in table.sources:
        hashes.sha256(path)
    hashes.forget_all_but([*table.sources, *present])
    absent = sum(row["sha256"] is None for row in media)
    return Summary(
        manifests,
        len(table.clips),
        len(table.unusable),
        absent,
        signature,
        missing_files=table.missing_files,
        manifest_clips=each,
    )


def _layout(num_clips: int, before: Summary | None) -> tuple[int, int]:
    """Number of manifests and clips in each, fixed by the first scan: a clip never moves to another shard."""
    if before and before.manifests:
        return before.manifests, before.manifest_clips
    return num_shards(num_clips), manifest_clips(num_clips)


def _media_row(clip: Clip, raw: Path, links: Links, hashes: FileHashes) -> dict[str, Any]:
    if clip.media is None:
        return media_row(clip, None)
    if fault := links.fault(raw / clip.media):
        return media_row(clip, None, fault)
    return media_row(clip, _hash_of(raw / clip.media, hashes))


def _hash_of(path: Path, hashes: FileHashes) -> str | None:
    if not path.is_file():  # a pipe of that name would be waited for, for ever
        return None
    try:
        return hashes.sha256(path)
    except OSError:
        return None


def _write_manifests(rows: Sequence[dict[str, Any]], kind: str, manifests: int, paths: DatasetPaths) -> None:
    shards: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        shards[shard_of(row["clip_id"], manifests)].append(row)
    for index in range(manifests):
        content = to_jsonl(sorted(shards[index], key=_clip_id))
        write_if_changed(paths.manifest(kind, shard_name(index)), content)


def _rejected_rows(rejected: Sequence[Rejected]) -> list[dict[str, Any]]:
    return [asdict(row) for row in sorted(rejected, key=lambda row: (row.clip_id, row.where, row.reason))]


def _clip_id(row: Mapping[str, Any]) -> str:
    return row["clip_id"]
