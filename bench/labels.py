"""Speed of borrowing against scalar loops, and memory per rows: ``python bench/labels.py [--rows 1000 100000]``.

The loops compute one cosine per pair of rows in Python around SciPy, like the published script. Both sides rank the
same pairs in one process, and must choose the same donors. Rows and vectors are synthetic.
"""

import argparse
import json
import time
import tracemalloc
from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cosine

from pipeline.config.unions import BorrowConfig
from pipeline.labels.assignment import assign
from pipeline.labels.neighbours import nearest
from pipeline.labels.utterances import Utterance

WIDTH = 384


def main() -> None:
    """Print one JSON line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=300, help="rows and donors for the loops")
    parser.add_argument("--rows", type=int, nargs="*", default=[1000, 10_000, 100_000], help="rows to label")
    arguments = parser.parse_args()
    print(json.dumps(against_loops(arguments.sample)), flush=True)
    for count in arguments.rows:
        print(json.dumps(growth(count)), flush=True)


def against_loops(count: int) -> dict[str, float]:
    """CPU seconds of both sides on the same pairs. The blocks get more pairs, so that their time is measurable."""
    rows, donors = random_vectors(count, 0), random_vectors(count, 1)
    started = time.process_time()
    in_loops = [min(range(count), key=lambda place: round(cosine(row, donors[place]), 6)) for row in rows]
    loops_s = time.process_time() - started
    repeats, started = 20, time.process_time()
    for _ in range(repeats):
        in_blocks = nearest(rows, donors, 2).index[:, 0]
    blocks_s = (time.process_time() - started) / repeats
    assert in_blocks.tolist() == in_loops
    pairs = count * count
    return {
        "pairs": pairs,
        "loops_cpu_s": round(loops_s, 3),
        "blocks_cpu_s": round(blocks_s, 5),
        "ratio": round(loops_s / blocks_s),
        "pairs_per_cpu_s": round(pairs / blocks_s),
    }


def growth(count: int) -> dict[str, float]:
    """CPU time and extra memory of labelling synthetic rows: half scores, half emotions, a third each polarity."""
    rows = synthetic_rows(count)
    vectors = random_vectors(count, 2)
    places = {row.key: place for place, row in enumerate(rows)}

    def vectors_of(some: Sequence[Utterance]) -> np.ndarray:
        return vectors[[places[row.key] for row in some]]

    tracemalloc.start()
    started = time.process_time()
    labelled = assign(rows, vectors_of, BorrowConfig())
    used_s, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    asked = sum(field.origin == "borrowed" for item in labelled for field in item.fields.values())
    pairs = 2 * 2 * (count // 6) * (count // 6)
    return {
        "rows": count,
        "borrowed": asked,
        "pairs": pairs,
        "cpu_s": round(used_s, 2),
        "pairs_per_cpu_s": round(pairs / used_s),
        "peak_extra_mb": round(peak / 1e6, 1),
        "vectors_mb": round(vectors.nbytes / 1e6, 1),
    }


def random_vectors(count: int, seed: int) -> np.ndarray:
    """Random vectors of length one."""
    vectors = np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def synthetic_rows(count: int) -> list[Utterance]:
    """Train rows of two datasets."""
    return [_scored(number) if number % 2 else _felt(number) for number in range(count)]


def _scored(number: int) -> Utterance:
    tenths = (-12, 0, 17)[number % 3]
    polarity = ("negative", "neutral", "positive")[number % 3]
    return Utterance("scores", "train", f"{number}", f"text {number}", polarity, tenths, tenths / 10, {}, "")


def _felt(number: int) -> Utterance:
    emotion, polarity = (("anger", "negative"), ("neutral", "neutral"), ("joy", "positive"))[number % 3]
    return Utterance("emotions", "train", f"{number}", f"text {number}", polarity, None, None, {"meld": emotion}, "")


if __name__ == "__main__":
    main()
