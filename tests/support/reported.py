"""A project with everything that the report can show."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline.steps import report
from tests.support.project import Project
from tests.support.runs import write_robustness, write_run

#: A transcript that would run if it were taken for markup.
HOSTILE = "<script>document.title='taken'</script> & <b>bold</b> $x_1$"


@pytest.fixture(scope="session")
def reported_project(made_once, packed) -> Project:
    """The small demo with synthetic runs of two models and a variant, a quarantine, and its report."""

    def build(folder: Path) -> None:
        project = packed.copy_to(folder)
        dataset = project.processed / "demo"
        _spoil_a_text(dataset / "index" / "text" / "000.jsonl")
        labels = {row["clip_id"]: (row["split"], row["sentiment"]) for row in _rows(dataset / "index" / "labels.jsonl")}
        for model, error in (("good", 0.2), ("poor", 0.9), ("good@text_alone", 0.4)):
            for seed in (1, 2):
                run = dataset / "runs" / "unaligned_50" / model / str(seed)
                write_run(run, labels, error=error, seed=seed)
                write_robustness(run, error)
        _write_quarantine(dataset / "quarantine.jsonl")
        (project.processed / "compare").mkdir()
        pd.DataFrame({"model": ["good"], "MAE": [0.2]}).to_csv(
            project.processed / "compare" / "papers.csv", index=False
        )
        report.run(processed=project.processed, raw=project.root / "raw")

    return Project(made_once("reported", build))


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _spoil_a_text(path: Path) -> None:
    rows = _rows(path)
    rows[0]["text"] = HOSTILE
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _write_quarantine(path: Path) -> None:
    reasons = ("no sound in the file", "the picture cannot be decoded", "row 7: label 9.0; expected -3 to 3")
    rows = [
        {
            "clip_id": f"video_9$_${number}",
            "modality": "audio",
            "extractor": "egemaps",
            "stage": "decode",
            "kind": "MediaError",
            "reason": reason,
        }
        for number, reason in enumerate(reasons)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
