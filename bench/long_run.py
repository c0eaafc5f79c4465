"""Search for leaks in a long run: memory, open files, processes, temporary files. Prints Markdown.

Synthetic clips (the demo and copies of it) go through the whole workflow, from scan to trained and scored models. Once
a second, every job's memory (proportional set size of all its processes) and open files are sampled, and compared
between the middle and the last quarter of its time. At the end no process or temporary file may be left, and the audit
must account for every row.

example: python bench/long_run.py FOLDER --clips 2000 --rate-hz 5
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import yaml
from _report import keep, show

REPOSITORY = Path(__file__).resolve().parents[1]
#: Words of a job's command line that identify its kind.
TELLING = ("--extractor", "--model", "--pack")


@dataclass
class Watched:
    """A process tree over time: seconds since its start, megabytes, open files."""

    kind: str
    samples: list[tuple[float, float, int]] = field(default_factory=list)

    def part(self, first: float, last: float, column: int) -> float:
        """The median of a column over a part of the time."""
        end_s = self.samples[-1][0]
        values = [sample[column] for sample in self.samples if first * end_s <= sample[0] <= last * end_s]
        return float(median(values))


def main() -> None:
    """Make the clips, run, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder to work in; it is created and not removed")
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--distinct", type=int, default=100, help="number of different clips; the others are copies")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=6000, help="memory for all jobs at a time")
    parser.add_argument("--rate-hz", type=float, default=25.0, help="pictures analysed per second")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    make_raw(arguments.folder, arguments.clips, arguments.distinct, arguments.cores)
    configure(arguments.folder, arguments.rate_hz)
    started = time.monotonic()
    watched = watch(start(arguments.folder, arguments.cores, arguments.memory_mb))
    rows = [row_of(kind, trees) for kind, trees in sorted(by_kind(watched).items())]
    show(rows)
    facts = {"wall_s": time.monotonic() - started, **left_behind(arguments.folder), "audit": audit(arguments.folder)}
    show([facts])
    keep(arguments.json, {"jobs": rows, **facts})


def make_raw(folder: Path, clips: int, distinct: int, cores: int) -> None:
    """Raw clips: those of the demo, and copies of all its videos under other names in the same split."""
    command = [sys.executable, "-m", "pipeline", "demo", "--output", "distinct", "--clips", str(distinct)]
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    subprocess.run([*command, "--workers", str(cores)], cwd=folder, check=True)
    source, raw = folder / "distinct", folder / "raw" / "demo"
    with (source / "label.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    raw.mkdir(parents=True)
    with (raw / "label.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        for number in range(clips):
            row = rows[number % distinct]
            copy = {**row, "video_id": f"{row['video_id']}_{number // distinct:03d}"}
            path = raw / "Raw" / copy["video_id"] / f"{row['clip_id']}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / "Raw" / row["video_id"] / path.name, path)
            table.writerow(copy)


def configure(folder: Path, rate_hz: float) -> None:
    """One pack, one model."""
    config = {
        "datasets": ["demo"],
        "packs": ["unaligned_50"],
        "models": ["late_fusion"],
        "seeds": [1],
        "features": {"face": {"rate_hz": rate_hz}},
        "robustness": False,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def start(folder: Path, cores: int, memory_mb: int) -> psutil.Popen:
    """The workflow, with a folder for temporary files of its own."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "train_all"]
    command += ["--configfile", "config.yaml", "--cores", str(cores), "--resources", f"mem_mb={memory_mb}"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TMPDIR": str(folder.resolve() / "tmp")}
    with (folder / "run.log").open("w") as log:
        return psutil.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)


def watch(run: psutil.Popen) -> list[Watched]:
    """Sample once a second until the run has ended."""
    trees: dict[tuple[int, float], Watched] = {}
    while run.poll() is None:
        for process, kind in [(run, "snakemake"), *jobs_of(run)]:
            sample = sample_of(process, whole=kind != "snakemake")
            if sample is not None:
                trees.setdefault((process.pid, process.create_time()), Watched(kind)).samples.append(sample)
        time.sleep(1)
    if run.returncode:
        raise SystemExit(f"the run ended with status {run.returncode}; see run.log")
    return [tree for tree in trees.values() if tree.samples]


def jobs_of(run: psutil.Popen) -> Iterator[tuple[psutil.Process, str]]:
    """Processes below a run that are ``python -m pipeline STEP``, and what they do."""
    for process in run.children(recursive=True):
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if words[1:3] == ["-m", "pipeline"]:
            telling = [words[at + 1] for at, word in enumerate(words) if word in TELLING]
            yield process, " ".join([words[3], *[word for word in telling if "/" not in word]])


def sample_of(process: psutil.Process, *, whole: bool) -> tuple[float, float, int] | None:
    """Age, memory and open files of a process, optionally with all its children; None once it has ended."""
    try:
        tree = [process, *(process.children(recursive=True) if whole else [])]
        memory = sum(member.memory_full_info().pss for member in tree)
        return time.time() - process.create_time(), memory / 1e6, sum(member.num_fds() for member in tree)
    except psutil.Error:
        return None


def by_kind(watched: Sequence[Watched]) -> dict[str, list[Watched]]:
    """Process trees by what they do."""
    kinds: dict[str, list[Watched]] = defaultdict(list)
    for tree in watched:
        kinds[tree.kind].append(tree)
    return kinds


def row_of(kind: str, trees: Sequence[Watched]) -> dict[str, Any]:
    """All jobs of a kind, and the longest of them over time."""
    longest = max(trees, key=lambda tree: tree.samples[-1][0])
    return {
        "job": kind,
        "jobs": len(trees),
        "longest, s": round(longest.samples[-1][0]),
        "peak MB of any": round(max(sample[1] for tree in trees for sample in tree.samples)),
        "MB, half-way": round(longest.part(0.4, 0.6, 1)) if len(longest.samples) > 9 else "",
        "MB, last quarter": round(longest.part(0.75, 1.0, 1)) if len(longest.samples) > 9 else "",
        "open files, half-way": longest.part(0.4, 0.6, 2) if len(longest.samples) > 9 else "",
        "last quarter": longest.part(0.75, 1.0, 2) if len(longest.samples) > 9 else "",
    }


def left_behind(folder: Path) -> dict[str, int]:
    """Leaks: processes that work in the folder, unfinished and temporary files."""
    place = str(folder.resolve())
    processes = [process for process in psutil.process_iter(["cwd"]) if (process.info["cwd"] or "") == place]
    return {
        "processes left": len(processes),
        "unfinished files": len([*(folder / "processed").rglob("*.part")]),
        "temporary files": len([path for path in (folder / "tmp").rglob("*") if path.is_file()]),
    }


def audit(folder: Path) -> str:
    """The last line of the audit."""
    command = [sys.executable, "-m", "pipeline", "audit", "demo"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[-1]


if __name__ == "__main__":
    main()
