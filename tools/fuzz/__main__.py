"""Fuzz one target for a time: ``python -m tools.fuzz pickles --seconds 600``. It needs atheris.

Inputs that reach new code are saved in ``.fuzz/<target>/``, where the next run starts. A finding is saved in ``.fuzz/``
and ends the run with an error.
"""

import argparse
import importlib
import sys
from hashlib import sha256
from pathlib import Path

import atheris

#: An input may take no longer, and the process no more memory.
_TIMEOUT_S, _LARGEST_RSS_MB = 10, 2048
_LARGEST_INPUT_BYTES = 4096


def main() -> None:
    """Instrument the target, then mutate its inputs until the time is over or an input fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", help="a module of tools/fuzz")
    parser.add_argument("--seconds", type=int, default=600, help="wall time (default: 600)")
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"), help="folder of inputs and findings")
    arguments = parser.parse_args()
    with atheris.instrument_imports(include=["pipeline", "models", "pickletools", "csv", "json"]):
        target = importlib.import_module(f"tools.fuzz.{arguments.target}")
    corpus = arguments.folder / arguments.target
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.SEEDS:
        (corpus / sha256(seed).hexdigest()[:16]).write_bytes(seed)
    limits = {
        "max_total_time": arguments.seconds,
        "timeout": _TIMEOUT_S,
        "rss_limit_mb": _LARGEST_RSS_MB,
        "max_len": _LARGEST_INPUT_BYTES,
        "artifact_prefix": f"{arguments.folder}/{arguments.target}-",
        "print_final_stats": 1,
    }
    atheris.Setup([sys.argv[0], str(corpus), *(f"-{name}={value}" for name, value in limits.items())], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
