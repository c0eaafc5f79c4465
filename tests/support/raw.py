"""A raw folder of a few clips, and which files of the index a scan wrote."""

import os
from pathlib import Path

from pipeline.core.paths import DatasetPaths

HEADER = "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n"
OLD_NS = 1_600_000_000 * 10**9


def make_raw(root: Path, clips: int = 6) -> Path:
    """A raw folder whose media are just bytes: the scan hashes, it does not decode."""
    splits = ["train", "valid", "test"]
    rows = [f"v{i},00{i},some words {i},{(i % 5) - 2},,,,,{splits[i % 3]}\n" for i in range(clips)]
    root.mkdir(parents=True, exist_ok=True)
    (root / "label.csv").write_text(HEADER + "".join(rows))
    for i in range(clips):
        media = root / "Raw" / f"v{i}" / f"00{i}.mp4"
        media.parent.mkdir(parents=True, exist_ok=True)
        media.write_bytes(b"media" + bytes([i]))
    for path in root.rglob("*.*"):
        os.utime(path, ns=(OLD_NS, OLD_NS))
    return root


def stamps(paths: DatasetPaths) -> dict[str, int]:
    files = [path for path in paths.index.rglob("*.json*") if path.is_file()]
    return {str(path.relative_to(paths.index)): path.stat().st_mtime_ns for path in files}


def changed(before: dict[str, int], after: dict[str, int]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}
