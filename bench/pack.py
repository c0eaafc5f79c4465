"""Memory and speed of packing a dataset as large as CMU-MOSEI: ``python bench/pack.py [--clips 22856]``.

The stores are synthetic: a few hundred clips of random numbers, as wide as the real features and as long as real clips,
are repeated under new names. The benchmark measures ``python -m pipeline pack``, and with ``--union`` also
``union_pack``, each in a process of its own.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from pipeline.config.settings import DatasetConfig, PackConfig
from pipeline.config.unions import UnionConfig
from pipeline.core.atomic_write import write_if_changed
from pipeline.core.extractor_facts import extractor_facts
from pipeline.core.paths import DatasetPaths, Layout
from pipeline.features.features import Features
from pipeline.features.store import Header, StoreEntry, StoreReader, write_store
from pipeline.index.manifest import manifest_clips, num_manifests, read_jsonl, shard_name, shard_of, to_jsonl
from pipeline.index.summary import Summary
from pipeline.labels.table import COLUMNS
from pipeline.labels.union_settings import resolve_union

DATASET, PACK, UNION = "mosei", "unaligned_50", "alone"
#: Clips of CMU-MOSEI last 7.3 s on average.
MEAN_S, SHORTEST_S, LONGEST_S = 7.3, 1.0, 15.0
TEXT_WIDTH, TOKENS_PER_S = 768, 3.3
WIDTHS = {"bert": TEXT_WIDTH, "egemaps": 25, "face": 59}
RATES_HZ = {"egemaps": 100.0, "face": 25.0}
SETTINGS = {
    "text": {"extractor": "bert", "rows": 50},
    "audio": {"extractor": "egemaps", "rate_hz": 20, "length": {"rows": 500}, "normalise": "zscore"},
    "vision": {"extractor": "face", "length": {"rows": 375}, "normalise": "zscore"},
    "required": ["text", "audio", "vision"],
}
LABEL = {"emotion": None, "polarity": None, "annotation": None}
LABEL |= dict.fromkeys(("sentiment_text", "sentiment_audio", "sentiment_vision"))


def main() -> None:
    """Print one JSON line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=22_856, help="clips of the synthetic dataset")
    parser.add_argument("--different", type=int, default=256, help="number of different clips")
    parser.add_argument("--union", action="store_true", help="also pack a union of this one dataset")
    parser.add_argument("--folder", type=Path, help="where to create the temporary folder; needs about 0.6 MB a clip")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        processed = Path(folder)
        paths = Layout(processed).dataset(DATASET)
        make_dataset(paths, arguments.clips, arguments.different)
        print(
            json.dumps({"what": "stores", "clips": arguments.clips, "mb": size_mb(paths.root / "features")}), flush=True
        )
        options = ["--pack", PACK, "--processed", str(processed)]
        measure("pack", ["--dataset", DATASET, *options], paths)
        if arguments.union:
            make_union(processed, paths)
            measure("union_pack", ["--union", UNION, *options], Layout(processed).dataset(UNION))


def make_dataset(paths: DatasetPaths, clips: int, different: int) -> None:
    """Index, settings and stores of a dataset that passed its gates."""
    ids = [f"video{index // 7:05d}$_${index % 7}" for index in range(clips)]
    splits = ["train"] * 7 + ["valid"] + ["test"] * 2
    rows = [
        {"clip_id": clip_id, "split": splits[index // 7 % 10], "sentiment": index % 7 - 3.0, **LABEL}
        for index, clip_id in enumerate(ids)
    ]
    summary = Summary(num_manifests(clips), clips, 0, 0, "", manifest_clips=manifest_clips(clips))
    summary.write(paths.summary)
    write_if_changed(paths.labels, to_jsonl(rows))
    write_if_changed(paths.rejected, b"")
    by_shard = shards(ids, summary.manifests)
    for name, shard in by_shard.items():
        texts = [{"clip_id": clip_id, "text": "made-up words " * 6} for clip_id in shard]
        write_if_changed(paths.manifest("text", name), to_jsonl(texts))
    config = DatasetConfig(reader="table").model_dump(mode="json")
    settings = PackConfig(**SETTINGS).model_dump(mode="json")
    write_json(paths.pack_settings(PACK), {"config": config, "settings": settings})
    for extractor in WIDTHS:
        write_json(paths.extractor_settings(extractor), {"outside": {"weights": "made up"}})
        write_if_changed(paths.extractor_quarantine(extractor), b"")
        count = summary.num_shards(extractor_facts(extractor).shard_clips)
        make_stores(paths, extractor, shards(ids, count), different)


def shards(ids: list[str], count: int) -> dict[str, list[str]]:
    """Sorted clips by the name of their shard."""
    clips_by_shard: dict[str, list[str]] = {shard_name(index): [] for index in range(count)}
    for clip_id in sorted(ids):
        clips_by_shard[shard_name(shard_of(clip_id, count))].append(clip_id)
    return clips_by_shard


class Repeated(StoreReader):
    """A store that contains every clip name, each with one of its few clips."""

    def group(self, clip_id: str) -> h5py.Group:
        """One of the few clips, always the same for a name."""
        return self._clips()[str(shard_of(clip_id, len(self.ids())))]


def make_stores(paths: DatasetPaths, extractor: str, by_shard: dict[str, list[str]], different: int) -> None:
    """The stores of one extractor; the packed bytes of a few clips are copied."""
    header = Header(extractor, "made up", tuple(f"{extractor}_{column}" for column in range(WIDTHS[extractor])))
    few = paths.store(extractor, "few")
    clips = zip(map(str, range(different)), random_features(extractor, different), strict=True)
    write_store(
        few, header, sorted((StoreEntry(name, "", features) for name, features in clips), key=lambda c: c.clip_id)
    )
    with Repeated(few) as reader:
        for name, ids in by_shard.items():
            write_store(
                paths.store(extractor, name), header, (StoreEntry(clip_id, "", reader=reader) for clip_id in ids)
            )
    few.unlink()


def random_features(extractor: str, clips: int) -> Iterator[Features]:
    """Random features of clips of random length, the same length for each extractor."""
    lengths, values = np.random.default_rng(7), np.random.default_rng(len(extractor))
    drawn = SHORTEST_S + lengths.gamma(1.5, (MEAN_S - SHORTEST_S) / 1.5, clips)
    for seconds in np.minimum(drawn, LONGEST_S):
        count = max(3, int(seconds * RATES_HZ.get(extractor, TOKENS_PER_S)))
        rows = values.normal(size=(count, WIDTHS[extractor])).astype(np.float32)
        starts = np.arange(count) / RATES_HZ.get(extractor, TOKENS_PER_S)
        ids = values.integers(1000, 30000, count).astype(np.int32)
        extras = {"token_ids": ids, "token_types": 0 * ids, "word_ids": np.arange(count, dtype=np.int32)}
        times = np.stack([starts, starts + 0.01], 1)
        yield Features(rows, times, np.ones(count, bool), extras if extractor == "bert" else {}, {})


def make_union(processed: Path, paths: DatasetPaths) -> None:
    """Plan and labels of a union of the one dataset."""
    union = Layout(processed).union(UNION)
    plan = resolve_union(UNION, UnionConfig(datasets=[DATASET]), {DATASET: DatasetConfig(reader="table")})
    write_if_changed(union.settings, plan.model_dump_json().encode())
    with union.labels.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for row in read_jsonl(paths.labels):
            label = {"polarity": "positive", "intensity": "1.0"}
            writer.writerow({"dataset": DATASET, "split": row["split"], "id": row["clip_id"], **label})


def write_json(path: Path, content: object) -> None:
    write_if_changed(path, json.dumps(content).encode())


def measure(step: str, options: list[str], paths: DatasetPaths) -> None:
    """Run a step and print its resources; bytes are those of pickle and HDF5 together."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "pipeline", step, *options])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{step} failed")
    cpu_s = usage.ru_utime + usage.ru_stime
    sizes = {suffix: size_mb(paths.pack(PACK, suffix)) for suffix in ("pkl", "h5")}
    row = {
        "what": step,
        "pkl_mb": sizes["pkl"],
        "h5_mb": sizes["h5"],
        "cpu_s": round(cpu_s, 1),
        "wall_s": round(time.perf_counter() - started, 1),
        "peak_mb": usage.ru_maxrss // 1024,
        "mb_per_cpu_s": round(sizes["pkl"] / cpu_s, 1),
    }
    print(json.dumps(row), flush=True)


def size_mb(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) >> 20


if __name__ == "__main__":
    main()
