"""Cost of a rerun after no change, or after a change of one clip: ``python bench/reruns.py [--rows 20000]``.

Synthetic rows without media: the benchmark writes the index and empty stores itself, since real runs of this size would
take days. It times a real ``snakemake --dry-run packs`` in a process of its own: CPU seconds with all children.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.index.manifest import manifest_clips, num_manifests
from pipeline.index.summary import Summary

REPOSITORY = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "HF_HUB_OFFLINE": "1"}
HEADER = "video_id,clip_id,text,label,annotation,mode\n"


def main() -> None:
    """Print one JSON line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 20000], help="rows of the synthetic label table")
    parser.add_argument("--like", type=int, help="spread the rows over as many manifests as a table of this size has")
    arguments = parser.parse_args()
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), rows, arguments.like or rows)


def measure(root: Path, rows: int, like: int) -> None:
    """Make a finished project of this size, then time a no-op and an edit."""
    make_raw(root, rows)
    summary = Summary(num_manifests(like), 0, 0, 0, "", manifest_clips=manifest_clips(like))
    (root / "processed" / "demo" / "index").mkdir(parents=True)
    summary.write(root / "processed" / "demo" / "index" / "summary.json")
    report(root, rows, "first scan and plan")
    pretend_finished(root)
    report(root, rows, "nothing changed")
    table = root / "raw" / "demo" / "label.csv"
    subprocess.run(["sed", "-i", "s/made-up words 7,/edited words 7,/", str(table)], check=True)
    report(root, rows, "one transcript edited")


def make_raw(root: Path, rows: int) -> None:
    """A label table and tiny files in place of videos; they are hashed, never decoded."""
    raw = root / "raw" / "demo"
    splits = ["train"] * 7 + ["valid"] + ["test"] * 2
    raw.mkdir(parents=True)
    # Row by row: memory of this process would count in the peak of those it starts.
    with (raw / "label.csv").open("w") as table:
        table.write(HEADER)
        for row in range(rows):
            video, clip = f"v{row // 20:06d}", f"{row % 20:04d}"
            folder = raw / "Raw" / video
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{clip}.mp4").write_bytes(f"{row}".encode())
            table.write(f"{video},{clip},made-up words {row},{row % 7 - 3},,{splits[row // 20 % 10]}\n")
    config = {"datasets": ["demo"], "packs": ["unaligned_50"], "models": ["amccl"], "seeds": [1]}
    (root / "config.json").write_text(json.dumps(config))
    long_ago = time.time() - 3600
    # Not by rglob, which remembers every path: the largest memory of this process counts as that of those it starts.
    for folder, _, files in os.walk(raw, topdown=False):
        for name in (*files, "."):
            os.utime(f"{folder}/{name}", (long_ago, long_ago))


def pretend_finished(root: Path) -> None:
    """Write empty outputs for every job, and record them in Snakemake as finished."""
    output = snakemake(root, "packs", "--dry-run").stdout
    for line in output.splitlines():
        if line.strip().startswith("output:"):
            for name in line.split("output:")[1].replace("(update)", "").split(","):
                path = root / name.strip()
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
    snakemake(root, "packs", "--touch")


def snakemake(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run Snakemake in the project's folder."""
    return subprocess.run(command(*arguments), cwd=root, env=ENVIRONMENT, capture_output=True, text=True, check=True)


def command(*arguments: str) -> list[str]:
    """Snakemake's command line for the synthetic project."""
    start = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
    return [*start, "--configfile", "config.json", "--cores", "2", *arguments]


def report(root: Path, rows: int, what: str) -> None:
    """Time a dry run and print it."""
    started = time.perf_counter()
    with (root / "output").open("w") as output:
        arguments = command("packs", "--dry-run", "--quiet", "rules")
        process = subprocess.Popen(arguments, cwd=root, env=ENVIRONMENT, stdout=output, stderr=subprocess.STDOUT)
        # The usage of this process and its children alone, where RUSAGE_CHILDREN would keep the largest peak so far.
        _, status, usage = os.wait4(process.pid, 0)
    text = (root / "output").read_text()
    if status:
        raise SystemExit(f"{what}: the dry run failed\n{text}")
    row = {
        "rows": rows,
        "what": what,
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "wall_s": round(time.perf_counter() - started, 2),
        "peak_mb": usage.ru_maxrss // 1024,
        "nothing_to_do": "Nothing to be done" in text or not text.strip(),
    }
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
