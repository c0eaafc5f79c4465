"""The report: one self-contained page of charts, tables and clip cards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from pipeline.core.records import read_csv
from pipeline.report.draw.clips import CardView, draw_card
from pipeline.report.draw.datasets import DatasetView, draw_dataset
from pipeline.report.draw.features import FeatureView, draw_features
from pipeline.report.draw.labels import draw_labels
from pipeline.report.draw.models import draw_comparison, draw_models
from pipeline.report.draw.overview import draw_overview
from pipeline.report.draw.run import draw_run
from pipeline.report.draw.svg import style
from pipeline.report.gather.clips import gather_card
from pipeline.report.gather.datasets import DatasetFacts, gather_dataset
from pipeline.report.gather.features import FeatureFacts, all_outliers, gather_features
from pipeline.report.gather.labels import LabelFacts, borrowed_labels, gather_labels
from pipeline.report.gather.measures import measure
from pipeline.report.gather.models import ModelFacts, gather_models
from pipeline.report.gather.run import gather_run
from pipeline.report.gather.selection import all_predictions, choose_cards
from pipeline.report.gather.sources import Dataset, open_datasets
from pipeline.report.template import render

#: Limit of the total size of all cards of a dataset; the rest is omitted, so that the page stays easy to open.
MAX_CARD_BYTES = 10_000_000


@dataclass(frozen=True)
class DatasetPart:
    """Facts and views of one dataset."""

    facts: DatasetFacts
    features: list[FeatureFacts]
    models: list[ModelFacts]
    view: DatasetView
    feature_views: list[FeatureView]
    cards: list[CardView]
    omitted: int


def make_page(*, processed: Path, raw: Path, datasets: Sequence[str] | None = None) -> str:
    """The report as HTML.

    Args:
        processed: folder of everything derived.
        raw: folder of the raw datasets, for pictures and sound of clip cards; may be absent.
        datasets: names; None: all.

    Raises:
        StoreError: a named dataset is absent, or a file is damaged.
    """
    sources, labels = open_datasets(processed, raw, datasets), gather_labels(processed)
    with style():
        parts = [_dataset_part(dataset, labels) for dataset in sources]
        models = [facts for part in parts for facts in part.models]
        return render(
            "page.html.j2",
            overview=draw_overview([part.facts for part in parts], _by_place(parts), models),
            parts_of=parts,
            models=[draw_models(facts) for facts in models],
            comparisons=[
                draw_comparison(path.stem, read_csv(path)) for path in sorted(processed.glob("compare/*.csv"))
            ],
            labels=[draw_labels(facts) for facts in labels],
            run=draw_run(gather_run(processed, sources, models)),
        )


def _by_place(parts: Sequence[DatasetPart]) -> dict[str, FeatureFacts]:
    return {view.anchor: facts for part in parts for view, facts in zip(part.feature_views, part.features, strict=True)}


def _dataset_part(dataset: Dataset, labels: Sequence[LabelFacts]) -> DatasetPart:
    measures = measure(dataset)
    facts = gather_dataset(dataset, measures)
    features = [gather_features(one, facts.clips) for one in measures]
    models = gather_models(dataset)
    chosen = choose_cards(facts.clips, all_outliers(features), models)
    cards = _cards(dataset, chosen, models, labels)
    links = {card.clip_id: card.anchor for card in cards}
    return DatasetPart(
        facts=facts,
        features=features,
        models=models,
        view=draw_dataset(facts),
        feature_views=[
            draw_features(one, f"features-{dataset.name}-{index}", links) for index, one in enumerate(features, start=1)
        ],
        cards=cards,
        omitted=len(chosen) - len(cards),
    )


def _cards(
    dataset: Dataset, chosen: dict[str, list[str]], models: Sequence[ModelFacts], labels: Sequence[LabelFacts]
) -> list[CardView]:
    predictions = all_predictions(models)
    views: list[CardView] = []
    used_bytes = 0
    for index, (clip_id, reasons) in enumerate(chosen.items(), start=1):
        card = replace(
            gather_card(dataset, clip_id, reasons=reasons),
            predictions=predictions.get(clip_id, pd.DataFrame()),
            borrowed=borrowed_labels(labels, dataset.name, clip_id),
        )
        view = draw_card(card, f"clip-{dataset.name}-{index}")
        used_bytes += _size(view)
        if used_bytes > MAX_CARD_BYTES:
            break
        views.append(view)
    return views


def _size(view: CardView) -> int:
    return sum(len(frame.data) + len(frame.points) for frame in view.frames) + (
        len(view.timeline.svg) if view.timeline else 0
    )
