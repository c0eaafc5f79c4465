"""Latency of predicting one short clip, once the run and the extractors are loaded.

example: python bench/predict.py processed/demo/runs/unaligned_50/amccl/1111 clip.mp4 --text "I loved it."
Prints seconds of the clip, and for loading and each of several predictions: wall seconds and CPU seconds. Everything
runs in this process, so these are all CPU seconds; a CPU time below the clip's length is faster than real time on one
core.
"""

import argparse
import time
from pathlib import Path

from pipeline import load_run
from pipeline.media.probe import probe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("video", type=Path)
    parser.add_argument("--text")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"clip: {probe(options.video).duration_s:.2f} s")
    started = time.perf_counter(), time.process_time()
    with load_run(options.run_dir) as run:
        tell("load", started)
        for repeat in range(options.repeats):
            started = time.perf_counter(), time.process_time()
            (prediction,) = run.predict(options.video, text=options.text)
            tell(f"predict {repeat + 1}: {prediction.sentiment:+.3f}", started)


def tell(what: str, started: tuple[float, float]) -> None:
    wall_s, cpu_s = time.perf_counter() - started[0], time.process_time() - started[1]
    print(f"{what}: {wall_s:.2f} s wall, {cpu_s:.2f} s CPU")


if __name__ == "__main__":
    main()
