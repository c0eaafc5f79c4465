"""CPU seconds per epoch, ours and MMSA's, on one pack: ``python bench/training.py PACK.h5 --mmsa VENV/bin/python``.

Both train on the same clips of the pack (MMSA on its pickle), with the same text encoder, batch size and one thread;
each model in a process of its own, alternating. An epoch is a pass over the train clips and one over the valid clips.
The first is left out. MMSA's environment: ``pip install torch==2.13.0`` and then ``mmsa==2.2.1``.
"""

import argparse
import json
import logging
import subprocess
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml

from pipeline.config.loading import merged
from pipeline.config.training import ModelSettings, resolve
from pipeline.config.weights import resolve_text_encoder
from pipeline.core.types import SPLITS
from pipeline.packs.formats.files import read_card, read_split, write_card, write_h5, write_pickle
from pipeline.packs.schema import PackSplit

REPOSITORY = Path(__file__).resolve().parents[1]
#: Of MMSA: the first fine-tunes the encoder, the others read the text's stored vectors.
MMSA_MODELS = ("self_mm", "tfn", "lf_dnn")
MODELS = ("amccl", "cmcbep_cl", "mecam", "unimse", "late_fusion", "late_fusion:stored")
#: Like MMSA's models without an encoder.
STORED = {"model": {"stored_text": True}}


def main() -> None:
    """Print one JSON line per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path, help="HDF5 of a pack, next to its card")
    parser.add_argument("--mmsa", type=Path, help="Python of an environment with mmsa 2.2.1 (default: our models only)")
    parser.add_argument("--mmsa-models", nargs="*", default=MMSA_MODELS)
    parser.add_argument("--models", nargs="*", default=MODELS, help="ours; NAME:stored reads the text's stored vectors")
    parser.add_argument("--rows", type=int, default=256, help="train clips, drawn from the pack; a quarter of it valid")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=3, help="epochs of each process; the first is not counted")
    parser.add_argument("--rounds", type=int, default=1, help="processes of each model, alternating")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        facts = make_part(arguments.pack, Path(folder), arguments.rows)
        print(json.dumps(facts), flush=True)
        task = {**facts, "folder": folder, "epochs": arguments.epochs, "batch_size": arguments.batch_size}
        names = [f"mmsa {name}" for name in arguments.mmsa_models if arguments.mmsa] + list(arguments.models)
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(arguments.rounds):
            for name in names:
                seconds[name] += epochs_of(name, task, arguments.mmsa)
                print(json.dumps({"model": name, "epochs_cpu_s": [round(s, 2) for s in seconds[name]]}), flush=True)
    print(json.dumps({name: round(median(values), 2) for name, values in seconds.items()}, indent=1))


def make_part(pack: Path, folder: Path, rows: int) -> dict[str, Any]:
    """Some clips of a pack as a pack of its own, pickle and HDF5."""
    counts = {"train": rows, "valid": rows // 4, "test": rows // 4}
    splits = {split: some_clips(read_split(pack, split), counts[split]) for split in SPLITS}
    write_pickle(folder / "part.pkl", splits)
    write_h5(folder / "part.h5", splits)
    card = read_card(pack.with_suffix(".json"))
    write_card(folder / "part.json", card)
    tokens = splits["train"].text_bert[:, 1].sum(1)
    encoder = resolve_text_encoder(card.text_weights or "")
    return {
        "dataset": card.dataset,
        "rows": len(splits["train"]),
        "mean_tokens": round(float(tokens.mean()), 1),
        "padded_tokens": splits["train"].text_bert.shape[2],
        "text_width": json.loads((encoder / "config.json").read_text())["hidden_size"],
        "encoder": str(encoder),
    }


def some_clips(split: PackSplit, count: int) -> PackSplit:
    """Clips drawn at random, in the pack's order."""
    chosen = np.sort(np.random.default_rng(0).permutation(len(split))[:count])

    def pick(value: Any) -> Any:
        if isinstance(value, list):
            return [value[row] for row in chosen]
        return {key: item[chosen] for key, item in value.items()} if isinstance(value, Mapping) else value[chosen]

    return replace(split, **{name: None if value is None else pick(value) for name, value in vars(split).items()})


def epochs_of(name: str, task: Mapping[str, Any], mmsa: Path | None) -> list[float]:
    """CPU seconds of each epoch but the first, in a fresh process."""
    if not name.startswith("mmsa "):
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return pool.submit(train_ours, name, dict(task)).result()
    pickle = Path(task["folder"]) / "part.pkl"
    content = json.dumps({**task, "model": name.removeprefix("mmsa "), "pickle": str(pickle), "text_out": None})
    script = REPOSITORY / "bench" / "mmsa_epochs.py"
    done = subprocess.run([mmsa, script, content], capture_output=True, text=True, cwd=task["folder"], check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


class Clock(logging.Handler):
    """Notes the CPU clock at each message; the trainer sends one at the end of an epoch."""

    def __init__(self) -> None:
        """Start without messages."""
        super().__init__()
        self.ends: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Record the CPU clock."""
        del record
        self.ends.append(time.process_time())


def train_ours(name: str, task: dict[str, Any]) -> list[float]:
    """Train as ``python -m pipeline train`` does."""
    from pipeline.steps import train

    folder, (model, _, stored) = Path(task["folder"]), name.partition(":")
    settings = folder / "settings.json"
    settings.write_text(settings_of(model, task, stored=bool(stored)).model_dump_json())
    clock, logger = Clock(), logging.getLogger("pipeline.training.trainer")
    logger.addHandler(clock)
    logger.setLevel(logging.INFO)
    with tempfile.TemporaryDirectory(dir=folder) as output:
        train.run(pack=folder / "part.h5", settings=settings, model=model, seed=1, output=Path(output), threads=1)
    return [end - start for start, end in pairwise(clock.ends)]


def settings_of(model: str, task: Mapping[str, Any], *, stored: bool) -> ModelSettings:
    """The model's settings for CMU-MOSI, all modalities, with the benchmark's epochs and batch size."""
    raw = yaml.safe_load((REPOSITORY / "config" / "models" / f"{model}.yaml").read_text())
    changes = {"epochs": task["epochs"], "patience": task["epochs"], "batch_size": task["batch_size"]}
    mosi = {"training": {**changes, "device": "cpu", "accumulate": 1}, **(STORED if stored else {})}
    return resolve(merged(raw, {"datasets": {"mosi": mosi}}), "mosi")


if __name__ == "__main__":
    main()
