"""One extraction of a dataset by MMSA-FET; started by ``bench/mmsa_fet.py`` with MMSA-FET's own interpreter.

MMSA-FET (GPL-3.0) is installed in an environment of its own and is used unchanged.
"""

import json
import sys
from pathlib import Path

from MSA_FET import run_dataset


def main() -> None:
    """Read the task as JSON from the command line and print how many clips were made as JSON."""
    task = json.loads(sys.argv[1])
    folder = Path(task["folder"])
    data = run_dataset(
        settings(task["encoder"], task["feature_level"]),
        dataset_dir=task["dataset"],
        out_file=folder / "features.pkl",
        num_workers=task["cores"],
        tmp_dir=folder / "tmp",
        log_dir=folder / "log",
    )
    if data is None:  # errors go to its log only
        raise SystemExit("MMSA-FET made nothing")
    print(json.dumps({"clips": sum(len(split["id"]) for split in data.values())}))


def settings(encoder: str, feature_level: str) -> dict:
    """The three extractors, with the options of its own examples."""
    mesh = {"refine_landmarks": True, "min_detection_confidence": 0.35, "min_tracking_confidence": 0.5}
    smile = {"feature_set": "eGeMAPSv02", "feature_level": feature_level, "start": None, "end": None}
    return {
        "text": {"model": "bert", "device": "cpu", "pretrained": encoder, "args": {}},
        "audio": {"tool": "opensmile", "sample_rate": 16_000, "args": smile},
        "video": {"tool": "mediapipe", "fps": 25, "args": {"face_mesh": mesh, "visualize": False}},
    }


if __name__ == "__main__":
    main()
