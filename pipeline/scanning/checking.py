"""Looks at a raw dataset as the scan and the extractors will, and collects what they would stumble over."""

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
from pipeline.readers._base import Table
from pipeline.scanning.links import Links
from pipeline.scanning.reading import MediaTally, faults_of, no_media_fault

#: Fast speech has fewer characters a second than this.
_MAX_CHARACTERS_PER_S = 40

Probed = Mapping[str, Probe | MediaError | None]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a row.

    Attributes:
        level: an error stops the run, a warning sends the clip to the quarantine or calls for a look.
        where: file and row.
        clip_id: the clip; blank for the dataset as a whole.
        what: what was found, what was expected, what to do.
    """

    level: Literal["error", "warning"]
    where: str
    clip_id: str
    what: str


def check_rows(table: Table, config: DatasetConfig, raw: Path) -> list[Problem]:
    """What is wrong with the rows themselves, before any file is opened."""
    level: Literal["error", "warning"] = "error" if config.bad_rows == "error" else "warning"
    found = [Problem(level, row.where, row.clip_id, row.reason) for row in faults_of(table, config)]
    found += [Problem("warning", row.where, row.clip_id, f"set aside: {row.reason}") for row in table.unusable]
    found += [
        Problem("warning", clip.where, clip.clip_id, "no text; fill it in, or the clip goes to the quarantine")
        for clip in table.clips
        if not clip.text
    ]
    sizes = Counter(clip.split for clip in table.clips)
    found += [
        Problem("error", "", "", f"no clip in split {split}; every split needs at least one")
        for split in SPLITS
        if not sizes[split]
    ]
    media = MediaTally.of({"media": clip.media, "sha256": _is_there(clip, raw)} for clip in table.clips)
    if fault := no_media_fault(media, raw):
        found.append(Problem("error", "", "", fault))
    return found


def probe_media(
    clips: Iterable[Clip], raw: Path, *, workers: int, done: Callable[[], None] = lambda: None
) -> dict[str, Probe | MediaError]:
    """Read the header of every media file that is there, each once.

    Args:
        clips: whose files are looked at.
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

    # Threads serve: a header costs 2 ms of computing, the rest is waiting for the disk, which FFmpeg does unlocked.
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(files, pool.map(one, files), strict=True))


def present_media(clips: Iterable[Clip], raw: Path) -> list[str]:
    """Media files that are there, sorted, relative to the raw folder."""
    return sorted({clip.media for clip in clips if clip.media and _is_there(clip, raw)})


def check_links(clips: Iterable[Clip], raw: Path, config: DatasetConfig) -> list[Problem]:
    """Clips whose file is a link that must not be followed."""
    links = Links(raw, follow=config.follow_links)
    found = [(clip, links.fault(raw / clip.media)) for clip in clips if clip.media and _is_there(clip, raw)]
    return [Problem("warning", clip.where, clip.clip_id, fault) for clip, fault in found if fault]


def check_media(clips: Sequence[Clip], raw: Path, probed: Probed) -> list[Problem]:
    """What is wrong with the clips' files.

    Args:
        clips: rows that are sound in themselves.
        raw: the dataset's raw folder.
        probed: what the headers say; None for a file that is there but was not opened.
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
            f"{len(clip.text)} characters of text in {end_s - start_s:.2f} s; nobody speaks that fast, check that the "
            "text is this clip's"
        )


def _is_there(clip: Clip, raw: Path) -> bool:
    if not clip.media or id_fault(clip.video_id) or id_fault(clip.part_id):
        return False
    return (raw / clip.media).is_file()
