"""Check a raw dataset before a run: its contents, and every problem with its row and how to fix it.

Exit status: 0 if the workflow can run, with or without warnings, else 1.
example: python -m pipeline check demo
"""

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable

from pipeline.config.loading import read_yaml, validated
from pipeline.config.settings import DatasetConfig, WorkflowConfig
from pipeline.core.types import SPLITS
from pipeline.index.manifest import Clip
from pipeline.media.probe import Probe
from pipeline.readers._base import LabelTable, Packs
from pipeline.scanning.checking import Probed, Problem, check_links, check_media, check_rows, present_media, probe_media
from pipeline.scanning.reading import open_raw
from pipeline.workflow.config_files import dataset_config

_SHOWN = 50
_HISTOGRAM_BINS = 7
_BAR_WIDTH = 30


def run(
    dataset: str,
    *,
    configfile: Path | None = None,
    raw: Path | None = None,
    no_probe: bool = False,
    all: bool = False,
) -> int:
    """Read the raw dataset and the headers of its media files, and print contents and problems.

    Args:
        dataset: name of a file in config/datasets.
        configfile: run settings, for the raw folder and max_failed_fraction (default: config/config.yaml if it exists).
        raw: folder of the raw datasets (default: as in the run settings, else raw).
        no_probe: only check that media files exist; do not open them.
        all: print all problems, not only the first 50 of each level.

    Returns:
        1 if there is an error, else 0.

    Raises:
        PipelineError: the dataset cannot be read at all.
    """
    settings = _run_config(configfile)
    config = dataset_config(dataset)
    folder = (raw or Path(settings.raw)) / dataset
    table = open_raw(dataset, config, folder).read()
    if isinstance(table, Packs):
        print(f"{dataset}: ready-made packs {', '.join(table.files)}; see them with: python -m pipeline inspect")
        return 0
    files = present_media(table.clips, folder)
    probed: Probed = dict.fromkeys(files) if no_probe else _probe(table.clips, folder, len(files))
    problems = check_rows(table, config, folder) + check_media(table.clips, folder, probed)
    problems += check_links(table.clips, folder, config)
    problems += _too_many(table, problems, settings.max_failed_fraction)
    _print_contents(dataset, config, table, probed)
    return _print_problems(problems, None if all else _SHOWN)


def _run_config(path: Path | None) -> WorkflowConfig:
    default = Path("config/config.yaml")
    if path is None and not default.is_file():
        return WorkflowConfig(datasets=["any"])
    return validated(WorkflowConfig, read_yaml(path or default), str(path or default))


def _probe(clips: Sequence[Clip], folder: Path, count: int) -> Probed:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as progress:
        bar = progress.add_task("media files", total=count)
        return probe_media(clips, folder, workers=2 * (os.cpu_count() or 1), done=lambda: progress.advance(bar))


def _too_many(table: LabelTable, problems: Sequence[Problem], limit: float) -> list[Problem]:
    """One error if more clips would be quarantined than the run allows."""
    lost = {problem.clip_id for problem in problems} & {clip.clip_id for clip in table.clips}
    if len(lost) <= limit * len(table.clips):
        return []
    what = f"{len(lost)} of {len(table.clips)} clips have problems, more than max_failed_fraction {limit:g} allows"
    return [Problem("error", "", "", f"{what}; fix them or raise the limit")]


def _print_contents(dataset: str, config: DatasetConfig, table: LabelTable, probed: Probed) -> None:
    headers = {file: header for file, header in probed.items() if isinstance(header, Probe)}
    clips = table.clips
    rows = {
        "reader": f"{config.reader}; {len(table.sources)} files read",
        "clips": f"{len(clips)} of {len({clip.video_id for clip in clips})} videos",
        "rejected": f"{len(table.unusable)} rows",
        "splits": _counted(Counter(clip.split for clip in clips), SPLITS),
        "language": config.language,
        "media": f"{len(probed)} files are there, {len(headers)} opened",
        **_media_facts(clips, headers),
        "word timings": f"{sum(clip.words is not None for clip in clips)} clips come with them",
        **_class_facts(clips),
    }
    view = RichTable(title=dataset, title_justify="left", show_header=False)
    for name, value in rows.items():
        view.add_row(name, value)
    Console(width=110).print(view)
    for line in _histogram([clip.sentiment for clip in clips if clip.sentiment is not None], config.label_range):
        print(line)
    for note in table.notes:
        print(f"note: {note}")


def _media_facts(clips: Sequence[Clip], headers: Mapping[str, Probe]) -> dict[str, str]:
    if not headers:
        return {}
    lengths_s = [_length_s(clip, headers[clip.media]) for clip in clips if clip.media and clip.media in headers]
    lengths_s = [length_s for length_s in lengths_s if length_s > 0] or [0.0]
    total_s = sum(lengths_s)
    sizes = Counter(f"{size[0]}x{size[1]}" for header in headers.values() if (size := header.size_px))
    rates = Counter(f"{header.frame_rate_hz:.4g} fps" for header in headers.values() if header.frame_rate_hz)
    sounds = Counter(f"{header.audio_rate_hz} Hz" for header in headers.values() if header.audio_rate_hz)
    return {
        "length": f"{total_s / 3600:.2f} h ({total_s:.0f} s); clips of {min(lengths_s):.1f} to {max(lengths_s):.1f} s",
        "pictures": f"{_counted(sizes)}; {_counted(rates)}",
        "sound": _counted(sounds),
    }


def _length_s(clip: Clip, header: Probe) -> float:
    end_s = header.duration_s if clip.end_s is None else min(clip.end_s, header.duration_s)
    return max(0.0, end_s - (clip.start_s or 0.0))


def _class_facts(clips: Sequence[Clip]) -> dict[str, str]:
    facts = {"emotions": [clip.emotion for clip in clips], "polarity": [clip.polarity for clip in clips]}
    counts = {name: Counter(filter(None, values)) for name, values in facts.items()}
    return {name: _counted(count) for name, count in counts.items() if count}


def _counted(counts: Mapping[str, int], order: Sequence[str] = ()) -> str:
    """Names with their counts: in the given order, else the most common first."""
    names = [name for name in order if name in counts]
    names += [name for name, _ in Counter(counts).most_common() if name not in order]
    shown = ", ".join(f"{name} {counts[name]}" for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "") if names else "none"


def _histogram(labels: Sequence[float], label_range: tuple[float, float]) -> list[str]:
    """Bars of the labels' counts; empty without labels."""
    if not labels:
        return []
    low, high = label_range
    width = (high - low) / _HISTOGRAM_BINS
    counts = Counter(min(max(int((label - low) / width), 0), _HISTOGRAM_BINS - 1) for label in labels)
    return [
        f"  label {low + width * i:+.2f} to {low + width * (i + 1):+.2f} "
        f"{'#' * round(_BAR_WIDTH * counts[i] / max(counts.values())):{_BAR_WIDTH}} {counts[i]}"
        for i in range(_HISTOGRAM_BINS)
    ]


def _print_problems(problems: Sequence[Problem], limit: int | None) -> int:
    ordered = sorted(problems, key=lambda row: bool(row.where))  # what concerns the whole dataset comes first
    by_level = {level: [row for row in ordered if row.level == level] for level in ("error", "warning")}
    for level, rows in by_level.items():
        for row in rows[:limit]:
            place = " ".join(part for part in (row.where, f"({row.clip_id})" if row.clip_id else "") if part)
            print(f"{level}: {place}: {row.what}" if place else f"{level}: {row.what}")
        if limit is not None and len(rows) > limit:
            print(f"{level}: ... and {len(rows) - limit} more; see them with --all")
    print(f"{len(by_level['error'])} errors, {len(by_level['warning'])} warnings")
    return int(bool(by_level["error"]))
