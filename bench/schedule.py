"""Simulated time and utilisation of extraction on N cores: ``python bench/schedule.py [--clips 22856]``.

Shards are by hash as in the index, clip lengths are drawn from a log-normal with CMU-MOSEI's mean, job times follow
from measured costs, and each free core takes the first job in the queue. Three orders are compared: by hash,
Snakemake's with our priorities (extractor first, then the size of the manifests), and longest first.
"""

import argparse
import heapq
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.extractor_facts import extractor_facts
from pipeline.index.manifest import manifest_clips, num_manifests, shard_of
from pipeline.index.summary import Summary

#: CPU seconds: start of a job, work per clip, work per second of media. What the jobs of cold runs over 24 clips of
#: GRID and 64 of the demo took (docs/performance.md); a second of video is 25 pictures of 7.6 ms, decoding included.
COSTS = {"face": (2.0, 0.1, 0.19), "egemaps": (2.5, 0.0, 0.035), "bert": (2.2, 0.01, 0.0)}
MEAN_CLIP_S, SPREAD = 7.3, 0.6


@dataclass(frozen=True)
class Job:
    """One extraction job."""

    priority: float
    clips: int
    seconds: float


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--clips", type=int, default=22856, help="clips of the synthetic dataset (default: as CMU-MOSEI)"
    )
    jobs = make_jobs(parser.parse_args().clips)
    work = sum(job.seconds for job in jobs)
    print(f"{len(jobs)} jobs, {work / 3600:.1f} core hours, longest job {max(job.seconds for job in jobs):.0f} s\n")
    print("| cores | by hash | as scheduled | longest first | wall as scheduled |\n| --- | --- | --- | --- | --- |")
    for cores in (1, 2, 4, 8, 16, 18, 32, 48, 64):
        walls = [makespan(jobs, cores, key) for key in (_by_hash, _as_scheduled, _longest_first)]
        filled = " | ".join(f"{work / cores / wall:.1%}" for wall in walls)
        print(f"| {cores} | {filled} | {walls[1] / 60:.0f} min |")


def make_jobs(clips: int) -> list[Job]:
    """All extraction jobs of a dataset."""
    draw = np.random.default_rng(0)
    seconds = draw.lognormal(np.log(MEAN_CLIP_S) - SPREAD**2 / 2, SPREAD, clips)
    summary = Summary(num_manifests(clips), clips, 0, 0, "", manifest_clips=manifest_clips(clips))
    jobs = []
    for name, (start_s, clip_s, media_s) in COSTS.items():
        wanted = extractor_facts(name).shard_clips
        shards = defaultdict(list)
        for index, length_s in enumerate(seconds):
            shards[shard_of(f"video$_${index}", summary.num_shards(wanted))].append(length_s)
        jobs += [Job(1 / wanted, len(own), start_s + clip_s * len(own) + media_s * sum(own)) for own in shards.values()]
    return jobs


def makespan(jobs: Sequence[Job], cores: int, key: Callable[[Job], tuple[float, ...]]) -> float:
    """Seconds until the last core is done."""
    free = [0.0] * cores
    for job in sorted(jobs, key=key):
        heapq.heapreplace(free, free[0] + job.seconds)
    return max(free)


def _by_hash(job: Job) -> tuple[float, ...]:
    return (job.seconds * 997 % 1,)


def _as_scheduled(job: Job) -> tuple[float, ...]:
    return -job.priority, -job.clips


def _longest_first(job: Job) -> tuple[float, ...]:
    return (-job.seconds,)


if __name__ == "__main__":
    main()
