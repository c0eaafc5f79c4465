"""Measure borrowed labels of a union against hidden gold labels and two baselines.

example: python -m pipeline label_quality --union mosi_meld
"""

from pathlib import Path

from pipeline.core.atomic_write import write_if_changed
from pipeline.core.paths import Layout
from pipeline.core.records import write_csv
from pipeline.labels.embeddings import joined, read_embeddings
from pipeline.labels.markdown import table
from pipeline.labels.quality import measure
from pipeline.labels.union_settings import read_union, read_union_settings


def run(*, union: str, processed: Path = Path("processed")) -> None:
    """Write ``quality.csv`` and ``quality.md``: scores on the valid and the test split for each encoder.

    Args:
        union: name of the union.
        processed: folder of derived files.

    Raises:
        PipelineError: settings, index or vectors are absent or damaged.
    """
    layout = Layout(processed)
    paths = layout.union(union)
    settings = read_union_settings(paths.settings)
    rows = read_union(settings, layout)
    scores: list[dict[str, object]] = []
    for name in settings.encoders:
        embeddings = [read_embeddings(layout.encoder(name).embeddings(dataset)) for dataset in settings.datasets]
        for split in ("valid", "test"):
            measured = measure(rows, joined(embeddings).of, settings.config.borrow, split)
            scores += [{"encoder": name, **score} for score in measured]
    write_csv(paths.quality, scores, list(dict.fromkeys(key for score in scores for key in score)))
    write_if_changed(
        paths.quality.with_suffix(".md"), f"# Quality of borrowed labels: {union}\n\n{table(scores)}\n".encode()
    )
