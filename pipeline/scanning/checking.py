"""Collects the problems of a raw dataset that the scan and the extractors would meet."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.config.settings import DatasetConfig
from pipeline.core.errors import MediaError
from pipeline.core.types import SPLITS
from pipeline.index.manifest import Clip, id_fault
from pipeline.media.probe import Probe, probe, segment_bounds_s
from pipeline.readers._base import LabelTable
from pipeline.scanning.links import Links
from pipeline.scanning.reading import MediaTally, faults_of, no_media_fault

#: Fast speech has fewer characters a second than this.
_MAX_CHARACTERS_PER_S = 40

Probed = Mapping[str, Probe | MediaError | None]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a row.

    Attributes:
        level: an error stops the run; a warning quarantines the clip or asks you to check it.
        where: file and row.
        clip_id: the clip; blank for the dataset as a whole.
        what: what is wrong, what was expected, what to do.
    """

    level: Literal["error", "warning"]
    where: str
    clip_id: str
    what: str


def check_rows(table: LabelTable, config: DatasetConfig, raw: Path) -> list[Problem]:
    """What is wrong with the rows themselves, before any file is opened."""
    level: Literal["error", "warning"] = "error" if config.bad_rows == "error" else "warning"
    problems = [Problem(level, row.where, row.clip_id, row.reason) for row in faults_of(table, config)]
    problems += [Problem("warning", row.where, row.clip_id, f"rejected: {row.reason}") for row in table.unusable]
    problems += [
        Problem("warning", clip.where, clip.clip_id, "no text; fill it in, or the clip goes to the quarantine")
        for clip in table.clips
        if not clip.text
    ]
    sizes = Counter(clip.split for clip in table.clips)
    problems += [
        Problem("error", "", "", f"no clip in split {split}; every split needs at least one")
        for split in SPLITS
        if not sizes[split]
    ]
    media = MediaTally.of({"media": clip.media, "sha256": _exists(clip, raw)} for clip in table.clips)
    if fault := no_media_fault(media, raw):
        problems.append(Problem("error", "", "", fault))
    return problems


def probe_media(
    clips: Iterable[Clip], raw: Path, *, workers: int, done: Callable[[], None] = lambda: None
) -> dict[str, Probe | MediaError]:
    """Read the header of every existing media file, each once.

    Args:
        clips: whose files are read.
        raw: the dataset's raw folder.
        workers: files read at once.
        done: called after each file.
    """
    files = present_media(clips, raw)

    def one(file: str) -> Probe | MediaError:
        try:
            return probe(raw / file)
        except MediaError as error:
            return error
        finally:
            done()

    # Threads suffice: a header costs 2 ms of computing; the rest is waiting for the disk without the GIL.
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(files, pool.map(one, files), strict=True))


def present_media(clips: Iterable[Clip], raw: Path) -> list[str]:
    """Existing media files, sorted, relative to the raw folder."""
    return sorted({clip.media for clip in clips if clip.media and _exists(clip, raw)})


def check_links(clips: Iterable[Clip], raw: Path, config: DatasetConfig) -> list[Problem]:
    """Clips whose file is a link that must not be followed."""
    links = Links(raw, follow=config.follow_links)
    faults = [(clip, links.fault(raw / clip.media)) for clip in clips if clip.media and _exists(clip, raw)]
    return [Problem("warning", clip.where, clip.clip_id, fault) for clip, fault in faults if fault]


def check_media(clips: Sequence[Clip], raw: Path, probed: Probed) -> list[Problem]:
    """What is wrong with the clips' files.

    Args:
        clips: rows without faults.
        raw: the dataset's raw folder.
        probed: headers by file; None for a file that was not opened.
    """
    return [
        Problem("warning", clip.where, clip.clip_id, what)
        for clip in clips
        for what in _media_faults(clip, raw, probed)
    ]


def _media_faults(clip: Clip, raw: Path, probed: Probed) -> Iterator[str]:
    if clip.media is None or clip.media not in probed:
        yield f"{clip.media or 'no media file'}: not in the raw folder; copy it there, or the clip is quarantined"
        return
    header = probed[clip.media]
    if isinstance(header, MediaError):
        yield str(header)
    elif header is not None:
        yield from _header_faults(clip, raw / clip.media, header)


def _header_faults(clip: Clip, path: Path, header: Probe) -> Iterator[str]:
    missing = [name for name, value in (("sound", header.audio_rate_hz), ("pictures", header.size_px)) if value is None]
    if missing:
        yield f"{clip.media}: has no {' and no '.join(missing)}; replace the file"
    try:
        start_s, end_s = segment_bounds_s(header, clip.start_s, clip.end_s, path)
    except MediaError as error:
        yield str(error)
        return
    if len(clip.text) > _MAX_CHARACTERS_PER_S * max(end_s - start_s, 0.1):
        yield (
            f"{len(clip.text)} characters of text in {end_s - start_s:.2f} s; too much for speech; check that the text "
            "belongs to this clip"
        )


def _exists(clip: Clip, raw: Path) -> bool:
    if not clip.media or id_fault(clip.video_id) or id_fault(clip.part_id):
        return False
    return (raw / clip.media).is_file()
