"""Clips of a label table on disk: a table may have a million rows."""

import json
import sqlite3
import weakref
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from pipeline.index.manifest import Clip, RejectedRow, row_faults

_FIELDS = [field.name for field in fields(Clip)]
_values = attrgetter(*_FIELDS)
_CROP, _WORDS = _FIELDS.index("crop"), _FIELDS.index("words")
#: Clips that SQLite is given at once.
_BLOCK = 1024


class ClipList(Sequence[Clip]):
    """Clips in the order of their rows, in a temporary SQLite database."""

    def __init__(self) -> None:
        """Start empty."""
        self._database = sqlite3.connect("")
        weakref.finalize(self, self._database.close)
        self._database.execute("pragma journal_mode = off")  # nothing is rolled back
        self._database.execute("create table clips (clip_id text, video_id text, split text, clip text)")
        self._waiting: list[tuple[str, str, str, str]] = []
        self._length = 0

    def append(self, clip: Clip) -> None:
        """Add a clip."""
        self._waiting.append((clip.clip_id, clip.video_id, clip.split, json.dumps(_values(clip))))
        self._length += 1
        if len(self._waiting) >= _BLOCK:
            self._write()

    def __len__(self) -> int:
        """The number of clips."""
        return self._length

    def __iter__(self) -> Iterator[Clip]:
        """Iterate over the clips."""
        self._write()
        for (content,) in self._database.execute("select clip from clips order by rowid"):
            yield _clip(content)

    def __getitem__(self, index: Any) -> Any:
        """The clip of a row, or those of a slice."""
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        place = range(len(self))[index] + 1
        self._write()
        (content,) = self._database.execute("select clip from clips where rowid = ?", (place,)).fetchone()
        return _clip(content)

    def without(self, places: Collection[str]) -> "ClipList":
        """The clips whose place (``where``) is not among these."""
        if not places:
            return self
        others = ClipList()
        for clip in self:
            if clip.where not in places:
                others.append(clip)
        return others

    def repeated(self) -> dict[str, int]:
        """Ids of several clips, with their number."""
        self._write()
        query = "select clip_id, count(*) from clips group by clip_id having count(*) > 1"
        return dict(self._database.execute(query))

    def shared_videos(self) -> dict[str, list[str]]:
        """Videos with clips in several splits, with these splits."""
        self._write()
        query = "select video_id from clips group by video_id having count(distinct split) > 1"
        splits = "select distinct split from clips where video_id = ?"
        return {
            video_id: sorted(split for (split,) in self._database.execute(splits, (video_id,)))
            for (video_id,) in self._database.execute(query).fetchall()
        }

    def _write(self) -> None:
        self._database.executemany("insert into clips values (?, ?, ?, ?)", self._waiting)
        self._waiting.clear()


def faulty_rows(clips: ClipList, label_range: tuple[float, float], *, shared_videos: bool) -> list[RejectedRow]:
    """Every fault of every row: ids, splits, labels, duplicates, videos in several splits."""
    rows = [RejectedRow(clip.clip_id, clip.where, reason) for clip in clips for reason in row_faults(clip, label_range)]
    if counts := clips.repeated():
        rows += [
            RejectedRow(clip.clip_id, clip.where, f"id appears {counts[clip.clip_id]} times; expected once")
            for clip in clips
            if clip.clip_id in counts
        ]
    return rows if shared_videos else rows + _leaks(clips)


def _leaks(clips: ClipList) -> list[RejectedRow]:
    if not (splits := clips.shared_videos()):
        return []
    return [
        RejectedRow(
            clip.clip_id,
            clip.where,
            f"video {clip.video_id} is in the splits {', '.join(splits[clip.video_id])}; expected one, or set "
            "splits_may_share_videos: true",
        )
        for clip in clips
        if clip.video_id in splits
    ]


def _clip(content: str) -> Clip:
    values = json.loads(content)
    if values[_CROP] is not None:
        values[_CROP] = tuple(values[_CROP])
    if values[_WORDS] is not None:
        values[_WORDS] = tuple(map(tuple, values[_WORDS]))
    return Clip(*values)
