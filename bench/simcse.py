"""Effect of SimCSE training on borrowing: ``python bench/simcse.py --union mosi_meld --mode supervised``.

Trains the encoder of a finished union like the rule ``simcse``. Prints JSON lines: its geometry on the valid texts
before and after, the loss, and per field and split the score of borrowing hidden labels. Only rows that are not
neutral are embedded, since neutral rows are neither donors nor borrowers.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from pipeline.config import weights
from pipeline.config.unions import SimcseConfig
from pipeline.core.paths import Layout
from pipeline.labels.embeddings import updated
from pipeline.labels.encoder import SentenceEncoder
from pipeline.labels.geometry import shape
from pipeline.labels.quality import measure
from pipeline.labels.simcse import train
from pipeline.labels.union_settings import read_union, read_union_settings


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--union", required=True, help="name of a finished union")
    parser.add_argument("--mode", choices=("unsupervised", "supervised"), required=True)
    parser.add_argument("--learning-rate", type=float, default=SimcseConfig(mode="supervised").learning_rate)
    parser.add_argument("--steps", type=int, default=SimcseConfig(mode="supervised").steps)
    parser.add_argument(
        "--splits", nargs="*", default=["valid"], help="valid for choosing settings, test for reporting"
    )
    parser.add_argument("--processed", type=Path, default=Path("processed"), help="folder of results")
    arguments = parser.parse_args()
    layout = Layout(arguments.processed)
    settings = read_union_settings(layout.union(arguments.union).settings)
    config, rows = settings.config.encoder, [row for row in read_union(settings, layout) if row.text]
    encoder = SentenceEncoder(weights.resolve_text_encoder(config.weights), config.pooling)
    valid = [row for row in rows if row.split == "valid"]
    _print({"before": shape(encoder, valid, config.max_tokens)})
    started = time.process_time()
    settings = SimcseConfig(mode=arguments.mode, learning_rate=arguments.learning_rate, steps=arguments.steps)
    curve = train(encoder, [row for row in rows if row.split == "train"], settings)
    _print({"settings": settings.model_dump(), "losses": curve.losses, "cpu_s": round(time.process_time() - started)})
    _print({"after": shape(encoder, valid, config.max_tokens)})
    asked = [row for row in rows if row.polarity != "neutral" and row.split in ("train", *arguments.splits)]
    vectors, _ = updated(None, [row.text for row in asked], "", lambda texts: encoder.embed(texts, config.max_tokens))
    for split in arguments.splits:
        for score in measure(asked, vectors.of, settings.config.borrow, split):
            if score["method"] == "borrowed":
                _print(score)


def _print(facts: object) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
