"""Baselines on the frozen text vectors of a pack: ``python bench/probe.py processed/<dataset>/packs/<pack>.h5``.

Per dataset of the pack, on its test split: a constant (median label or commonest emotion of train) and a linear probe
(ridge or logistic regression on the mean of the token vectors, its penalty chosen on valid). A fine-tuned model that
does not beat them has learnt nothing beyond the encoder.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from pipeline.core.types import SPLITS, FamilyName
from pipeline.labels.markdown import table
from pipeline.packs.formats.files import read_card, read_split
from pipeline.training.metrics import Scores, emotion_scores, sentiment_scores
from pipeline.training.predict import emotion_fields, emotion_of

PENALTIES = np.logspace(-3, 3, 7)


def main() -> None:
    """Print a Markdown table for each dataset of a pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path, help="a pack's .h5, next to its card")
    pack = parser.parse_args().pack
    card = read_card(pack.with_suffix(".json"))
    splits = {split: read_split(pack, split) for split in SPLITS}
    families: dict[str, FamilyName] = card.members or {"": card.metrics}
    for name, family in families.items():
        field = emotion_fields(card.members).get(name)
        data = [of_dataset(splits[split], name, is_emotion=family == "emotion", field=field) for split in SPLITS]
        rows = [
            {"method": method, **{key: round(value, 3) for key, value in scores.values.items()}}
            for method, scores in probed(family, *data).items()
        ]
        print(f"{name or card.dataset}: test split\n\n{table(rows)}\n")


def of_dataset(split, name: str, *, is_emotion: bool, field: int | None):
    """Mean token vectors and truth of one dataset's clips."""
    mask = (split.text_bert[:, 1] > 0)[..., None]
    vectors = (split.text * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)
    own = np.array([not name or clip_id.startswith(f"{name}/") for clip_id in split.ids])
    emotions = np.array([emotion_of(annotation, field) if is_emotion else "" for annotation in split.annotations])
    return vectors[own], (emotions if is_emotion else split.labels["M"])[own]


def probed(family: FamilyName, train, valid, test) -> dict[str, Scores]:
    """Scores of both methods."""
    if family == "emotion":
        names, counts = np.unique(train[1], return_counts=True)
        constant = np.full(len(test[1]), names[counts.argmax()])
        models = [LogisticRegression(C=1 / penalty, max_iter=2000) for penalty in PENALTIES]
        probe = best(models, train, valid, lambda truth, guess: -emotion_scores(truth, guess).values["Weighted_F1"])
        return {
            "commonest": emotion_scores(test[1], constant),
            "linear probe": emotion_scores(test[1], probe.predict(test[0])),
        }
    constant = np.full(len(test[1]), np.median(train[1]), np.float32)
    probe = best(
        [Ridge(penalty) for penalty in PENALTIES], train, valid, lambda truth, guess: np.abs(truth - guess).mean()
    )
    return {
        "median": sentiment_scores(family, test[1], constant),
        "linear probe": sentiment_scores(family, test[1], probe.predict(test[0]).astype(np.float32)),
    }


def best(models, train, valid, error):
    """The fitted model with the smallest error on valid."""
    fitted = [model.fit(*train) for model in models]
    return min(fitted, key=lambda model: error(valid[1], model.predict(valid[0])))


if __name__ == "__main__":
    main()
