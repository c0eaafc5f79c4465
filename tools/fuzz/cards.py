"""JSON next to packs and in results: cards and rows as lines."""

import json

from pipeline.core.errors import PipelineError
from pipeline.index.manifest import read_jsonl
from pipeline.packs.formats.files import read_card
from tools.fuzz.files import file_of

_CARD = {
    "dataset": "a", "pack": "b", "label_range": [-3, 3], "metrics": "mosi", "language": "en", "aligned": False,
    "num_clips": {"train": 1, "valid": 1, "test": 1}, "dims": {"text": 2, "audio": 1, "vision": 1},
    "normalisation": {}, "versions": {}, "text_weights": "bert-base-uncased",
}  # fmt: skip
SEEDS = [json.dumps(_CARD).encode(), b'{"a": [1, null, "\\u00e9"]}\n{"b": 1e3}\n', b"[[[]]]"]


def check(data: bytes) -> None:
    """Read it as a card, and as JSON lines."""
    path = file_of(data, "pack.json")
    for read in (read_card, read_jsonl):
        try:
            read(path)
        except PipelineError:
            continue
