"""CPU seconds of the epochs of one of MMSA's models; started by ``bench/training.py`` with MMSA's own interpreter.

MMSA (MIT licence) is installed in an environment of its own and is not changed. This script patches what current torch
refuses.
"""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from MMSA import MMSA_run
from MMSA.trains import ATIO


class EnoughError(Exception):
    """The requested number of epochs was measured."""


def main() -> None:
    """Read the task as JSON from the command line and print seconds per epoch as JSON."""
    task = json.loads(sys.argv[1])
    run_on_todays_torch()
    folder = Path(task["folder"])
    config = {
        "batch_size": task["batch_size"],
        "train_samples": task["rows"],
        "pretrained": task["encoder"],
        "text_out": task["text_width"] if task["model"] == "self_mm" else task["text_out"],
    }
    ends = watch_epochs(task["epochs"])
    try:
        MMSA_run(
            task["model"],
            "mosi",
            config={name: value for name, value in config.items() if value is not None},
            seeds=[1],
            custom_feature=task["pickle"],
            gpu_ids=[],
            num_workers=0,
            verbose_level=0,
            **{f"{kind}_dir": folder / kind for kind in ("model_save", "res_save", "log")},
        )
    except EnoughError:
        print(json.dumps([end - start for start, end in pairwise(ends)]))


def run_on_todays_torch() -> None:
    """MMSA 2.2.1 (2022) names a CUDA device even on the CPU, which current torch refuses."""
    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        torch.cuda.set_device = lambda device: None


def watch_epochs(epochs: int) -> list[float]:
    """Note the CPU clock whenever a trainer has scored the valid split, which ends an epoch; then stop."""
    ends: list[float] = []
    plain = ATIO.getTrain

    def watched(atio: ATIO, args: Any) -> Any:
        trainer = plain(atio, args)
        score = trainer.do_test

        def scored(*arguments: Any, **options: Any) -> Any:
            result = score(*arguments, **options)
            ends.append(time.process_time())
            if len(ends) == epochs:
                raise EnoughError
            return result

        trainer.do_test = scored
        return trainer

    ATIO.getTrain = watched
    return ends


if __name__ == "__main__":
    main()
