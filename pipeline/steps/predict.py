"""Predict new videos with a trained run.

Extractors, settings, lengths and scale are those of the run's pack.
Words come from --text or --transcript, else from a file of the same name next to the video (.txt, or word timings such
as .srt or .TextGrid). A missing modality is masked and reported in the output. Folders are searched recursively. A
table of transcripts has the columns video and text.

Exit status: 0 if every video was predicted, 1 if one could not be, 2 for wrong usage.
example: python -m pipeline predict processed/demo/runs/unaligned_50/amccl/1111 new.mp4 --text "I loved it."
         python -m pipeline predict my_run videos/ --transcript words.csv --json --output predictions.json
         python -m pipeline predict my_run new.mp4 --text "I loved it." --card new.html
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import ConfigError
from pipeline.core.types import MODALITIES
from pipeline.prediction.inputs import collect

if TYPE_CHECKING:
    from pipeline.prediction.clips import NewClip
    from pipeline.prediction.outcome import Prediction
    from pipeline.prediction.trained import TrainedRun
    from pipeline.report.gather.clips import ClipCard
    from pipeline.training.run_spec import RunSpec

#: Videos per call of the extractors.
_AT_ONCE = 16
_log = logging.getLogger(__name__)


def run(
    run_dir: Path,
    videos: Sequence[Path] = (),
    *,
    text: str | None = None,
    transcript: Path | None = None,
    json: bool = False,
    output: Path | None = None,
    card: Path | None = None,
    threads: int = 1,
) -> int:
    """Predict videos, and print or write the predictions.

    Args:
        run_dir: folder of a trained run.
        videos: video files, or folders of them.
        text: words spoken in the video, if there is only one.
        transcript: file with the words of the only video, or a table (.csv, .tsv) for several.
        json: print one JSON object.
        output: write the JSON object to this file.
        card: write a page (.html) with a card for each clip to this file.
        threads: CPU threads of the model.

    Returns:
        1 if a video could not be predicted, else 0.

    Raises:
        PipelineError: wrong usage: no such run or video, words that do not match the videos, or ``output`` or ``card``
            cannot be written.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # extractors run in parallel; more threads would compete
    clips = collect(videos, text=text, transcript=transcript)
    _check_targets(output, card)
    from pipeline.prediction.trained import TrainedRun

    with TrainedRun(run_dir, isolated=True, threads=threads) as trained:
        predictions, cards = _predicted(trained, clips, with_cards=card is not None)
        about = _about(trained.spec)
    if card is not None:
        from pipeline.report.clip_card import card_page

        _write(card, card_page(*cards))
    content = dumps({"run": about, "clips": [one.as_json() for one in predictions]}, indent=1, ensure_ascii=False)
    if output is not None:
        _write(output, content + "\n")
    if json:
        print(content)
    else:
        for prediction in predictions:
            print("\n".join(_lines(prediction, about["label_range"])))
    return int(any(prediction.error for prediction in predictions))


def _check_targets(output: Path | None, card: Path | None) -> None:
    for target in (output, card):
        if target is not None and (target.is_dir() or not target.absolute().parent.is_dir()):
            raise ConfigError(f"{target}: cannot be written; expected a file in a folder that exists")
    if card is not None and card.suffix != ".html":
        raise ConfigError(f"{card}: a page of cards is HTML; expected a name that ends in .html")


def _predicted(
    trained: "TrainedRun", clips: Sequence["NewClip"], *, with_cards: bool
) -> tuple[list["Prediction"], list["ClipCard"]]:
    """Predictions without their features, and cards if requested."""
    predictions: list[Prediction] = []
    cards: list[ClipCard] = []
    for start in range(0, len(clips), _AT_ONCE):
        batch = trained.predict_clips(clips[start : start + _AT_ONCE])
        if with_cards:
            from pipeline.prediction.clip_card import card_of

            cards += [card_of(one, trained.spec, trained.recipe) for one in batch]
        predictions += [replace(one, features={}) for one in batch]
        if len(clips) > _AT_ONCE:
            _log.info("%d of %d videos", len(predictions), len(clips))
    return predictions, cards


def _write(target: Path, content: str) -> None:
    with atomic_path(target) as part:
        part.write_text(content, encoding="utf-8")


def _about(run: "RunSpec") -> dict[str, Any]:
    return run.model_dump(mode="json", include={"model", "dataset", "pack", "seed", "label_range", "metrics"})


def _lines(prediction: "Prediction", label_range: Sequence[float]) -> Iterator[str]:
    """The prediction on one line, then masked modalities and notes."""
    if prediction.error:
        yield f"{prediction.video}: not predicted: {prediction.error}"
        return
    low, high = label_range
    value = prediction.emotion or f"sentiment {prediction.sentiment:+.3f} in [{low:g}, {high:g}]"
    used = [name for name in MODALITIES if prediction.modalities[name].used]
    yield f"{prediction.video}: {value}, from {', '.join(used)}"
    for name in MODALITIES:
        if name not in used:
            yield f"  {name} is masked: {prediction.modalities[name].why}"
    for note in prediction.notes:
        yield f"  {note}"
