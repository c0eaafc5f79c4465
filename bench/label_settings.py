"""Compare settings for borrowing labels: ``python bench/label_settings.py --union mosi_meld [--processed processed]``.

Every number of donors, temperature and intensity rule is scored on the valid split, as ``quality.csv`` is. The score
for choosing is the mean, over the fields that can be scored, of weighted F1 (emotions) and of 1 - MAE / MAE of the
best constant (intensity).
"""

import argparse
import itertools
from pathlib import Path

from pipeline.config.unions import BorrowConfig
from pipeline.core.paths import Layout
from pipeline.labels.embeddings import joined, read_embeddings
from pipeline.labels.markdown import table
from pipeline.labels.quality import measure
from pipeline.labels.union_settings import read_union, read_union_settings

NEIGHBOURS = (1, 5, 10, 20, 40, 80)
TEMPERATURES = (None, 0.05, 0.1, 0.2)
INTENSITIES = ("median", "mean")


def main() -> None:
    """Print the settings as a Markdown table, the best first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--union", required=True, help="name of a finished union")
    parser.add_argument("--processed", type=Path, default=Path("processed"), help="folder of results")
    arguments = parser.parse_args()
    layout = Layout(arguments.processed)
    settings = read_union_settings(layout.union(arguments.union).settings)
    rows = read_union(settings, layout)
    for encoder in settings.encoders:
        parts = [read_embeddings(layout.encoder(encoder).embeddings(dataset)) for dataset in settings.datasets]
        vectors = joined(parts).of
        scores = [scored(rows, vectors, settings) for settings in grid()]
        print(f"{encoder}\n\n{table(sorted(scores, key=lambda row: -row['chosen_by']))}\n")


def grid() -> list[BorrowConfig]:
    """All different settings: with one donor, temperature and mean have no effect."""
    several = [
        BorrowConfig(neighbours=count, temperature=temperature, intensity=intensity)
        for count, temperature, intensity in itertools.product(NEIGHBOURS[1:], TEMPERATURES, INTENSITIES)
    ]
    return [BorrowConfig(neighbours=1), *several]


def scored(rows, vectors, settings: BorrowConfig) -> dict:
    """Figures of one setting."""
    scores = [row for row in measure(rows, vectors, settings, "valid") if row["donors"] == "same"]
    by_method = {method: [row for row in scores if row["method"] == method] for method in ("borrowed", "majority")}
    values, figures = [], {}
    for borrowed, majority in zip(by_method["borrowed"], by_method["majority"], strict=True):
        is_emotion = "weighted_f1" in borrowed
        values.append(borrowed["weighted_f1"] if is_emotion else 1 - borrowed["MAE"] / majority["MAE"])
        names = ("accuracy", "weighted_f1", "macro_f1") if is_emotion else ("MAE", "Corr_in_polarity")
        figures |= {f"{borrowed['dataset']} {name}": borrowed[name] for name in names}
    described = settings.model_dump(include={"neighbours", "temperature", "intensity"})
    return {**described, "chosen_by": round(sum(values) / len(values), 4), **figures}


if __name__ == "__main__":
    main()
