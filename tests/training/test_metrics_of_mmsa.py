"""The same predictions scored by MMSA's own class give our numbers.

MMSA is no dependency: it lives in an environment of its own, whose interpreter TRIPTYCH_MMSA_PYTHON names. Without it
the constants below, which it made, stand in.

    python -m venv mmsa && mmsa/bin/pip install torch==2.13.0 && mmsa/bin/pip install mmsa==2.2.1
    TRIPTYCH_MMSA_PYTHON=mmsa/bin/python pytest tests/training/test_metrics_of_mmsa.py
"""

import json
import os
import subprocess

import numpy as np
import pytest

from pipeline.training.metrics import FAMILIES, sentiment_scores

# MMSA rounds to four decimals.
TOLERANCE = 1e-4

# Printed by MMSA 2.2.1's MetricsTop for `made_up`, with the command above.
GOLDEN = {
    "mosi": {
        "Has0_acc_2": 0.8267,
        "Has0_F1_score": 0.8272,
        "Non0_acc_2": 0.8491,
        "Non0_F1_score": 0.849,
        "Mult_acc_5": 0.56,
        "Mult_acc_7": 0.4333,
        "MAE": 0.7771,
        "Corr": 0.8441,
    },
    "sims": {
        "Mult_acc_2": 0.8267,
        "Mult_acc_3": 0.7367,
        "Mult_acc_5": 0.5667,
        "F1_score": 0.8275,
        "MAE": 0.2321,
        "Corr": 0.8523,
    },
}

SCORE_WITH_MMSA = """
import json, sys
import torch
from MMSA.utils.metricsTop import MetricsTop
family, labels, predictions = json.load(sys.stdin)
score = MetricsTop("regression").getMetics(family)
scores = score(torch.tensor(predictions), torch.tensor(labels))
print(json.dumps({name: float(value) for name, value in scores.items()}))
"""


def made_up(family):
    """Labels with one decimal, many on a cut between classes, and predictions that leave the range of the labels."""
    rng = np.random.default_rng(20)
    limit = 3.0 if family == "mosi" else 1.0
    labels = rng.uniform(-limit, limit, 300).round(1)
    labels[::10] = 0.0
    predictions = (labels + rng.normal(0, limit / 3, 300)).round(3)
    predictions[::25] = labels[::25]
    return labels.astype(np.float32), predictions.astype(np.float32)


def scored_by_mmsa(family, labels, predictions):
    given = json.dumps([family, labels.tolist(), predictions.tolist()])
    command = [os.environ["TRIPTYCH_MMSA_PYTHON"], "-c", SCORE_WITH_MMSA]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("family", ["mosi", "sims"])
def test_our_metrics_are_those_that_mmsa_made(family):
    scores = sentiment_scores(family, *made_up(family))
    assert scores.values == pytest.approx(GOLDEN[family], abs=TOLERANCE)
    assert tuple(GOLDEN[family]) == FAMILIES[family].names


@pytest.mark.skipif("TRIPTYCH_MMSA_PYTHON" not in os.environ, reason="TRIPTYCH_MMSA_PYTHON names no interpreter")
@pytest.mark.parametrize("family", ["mosi", "sims"])
def test_mmsa_itself_gives_our_metrics(family):
    labels, predictions = made_up(family)
    theirs = scored_by_mmsa(family, labels, predictions)
    assert sentiment_scores(family, labels, predictions).values == pytest.approx(theirs, abs=TOLERANCE)
    assert theirs == GOLDEN[family]
