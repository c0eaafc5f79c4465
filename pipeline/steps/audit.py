"""Account for every row of a dataset, from the raw table to the packs.

Reads raw table, media, stores, quarantine and packs independently of the code that wrote them, and checks that
- every row is in each pack exactly once, or left out with a reason;
- every stored clip was computed from the current raw file, text and settings;
- labels, splits and texts are those of the table;
- a sample of clips, extracted again and followed from store to pack, gives the same values.

Exit status: 0 if there is no fault, 1 with one line per fault.
example: python -m pipeline audit demo --sample 16
"""

import json
from dataclasses import asdict
from pathlib import Path

from pipeline.audit.audit import Audit, Scope, Subject, audit
from pipeline.core.paths import Layout
from pipeline.workflow.config_files import dataset_config


def run(
    dataset: str,
    *,
    processed: Path = Path("processed"),
    raw: Path = Path("raw"),
    sample: int = 8,
    seed: int = 1,
    no_extract: bool = False,
    json: bool = False,
) -> int:
    """Check a dataset and print its faults.

    Args:
        dataset: name of a file in config/datasets.
        processed: folder of derived files.
        raw: folder of the raw datasets.
        sample: clips of each pack compared with the stores, and of each extractor extracted again.
        seed: selects these clips.
        no_extract: extract no clip again.
        json: print one JSON object instead of lines.

    Returns:
        1 if there is a fault, else 0.

    Raises:
        PipelineError: the dataset cannot be read, or there is no pack of it.
    """
    config = dataset_config(dataset)
    subject = Subject(dataset, config, raw / dataset, Layout(processed).dataset(dataset).root)
    result = audit(subject, Scope(max(0, sample), seed, again=not no_extract))
    print(_as_json(dataset, result) if json else _as_lines(dataset, result))
    return int(bool(result.faults))


def _as_json(dataset: str, result: Audit) -> str:
    return json.dumps({"dataset": dataset, **asdict(result)}, indent=1, sort_keys=True)


def _as_lines(dataset: str, result: Audit) -> str:
    lines = [f"fault: {fault}" for fault in result.faults]
    lines += [
        f"{dataset}: {result.rows} rows; {pack}: {packed} clips packed, {result.left_out[pack]} left out with a "
        f"reason; {result.compared[pack]} compared with the stores"
        for pack, packed in result.packed.items()
    ]
    again = ", ".join(f"{count} by {name}" for name, count in result.extracted_again.items() if count)
    return "\n".join([*lines, f"extracted again: {again or 'none'}", f"{len(result.faults)} faults"])
