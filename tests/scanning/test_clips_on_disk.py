"""Clips and lines on disk equal those in memory, in the same order."""

import random

from pipeline.core.atomic_write import write_lines_if_changed
from pipeline.index.manifest import Clip, shard_of
from pipeline.readers._clips import ClipList, faulty_rows
from pipeline.scanning.lines import Lines


def clip(video: str, part: str, **values) -> Clip:
    facts = {"split": "train", "text": "héllo 你", "media": None, "where": f"{video} {part}", "sentiment": 1.0}
    return Clip(video_id=video, part_id=part, **{**facts, **values})


CLIPS = [
    clip("v2", "1", crop=(0.0, 0.0, 0.5, 1.0), words=(("so", 0.1, 0.4), ("good", 0.5, 1.0)), turn=3),
    clip("v1", "1", words=(), sentiment=None, emotion="joy", start_s=0.25),
    clip("v1", "2", split="test"),
]


def on_disk(clips) -> ClipList:
    clip_list = ClipList()
    for each in clips:
        clip_list.append(each)
    return clip_list


def test_clips_come_back_as_they_were_and_in_their_order():
    clips = on_disk(CLIPS)
    assert list(clips) == CLIPS
    assert list(clips) == CLIPS  # again: nothing is used up
    assert (clips[0], clips[-1], clips[1:], len(clips)) == (CLIPS[0], CLIPS[-1], CLIPS[1:], 3)
    assert list(clips.without({"v1 1"})) == [CLIPS[0], CLIPS[2]]
    assert sorted(clip.clip_id for clip in on_disk(CLIPS)) == ["v1$_$1", "v1$_$2", "v2$_$1"]  # a temporary list


def test_repeated_ids_and_videos_in_two_splits_are_found():
    rejected = faulty_rows(on_disk([*CLIPS, clip("v2", "1")]), (-3.0, 3.0), shared_videos=False)
    assert [(fault.clip_id, fault.reason.split(";")[0]) for fault in rejected] == [
        ("v2$_$1", "id appears 2 times"),
        ("v2$_$1", "id appears 2 times"),
        ("v1$_$1", "video v1 is in the splits test, train"),
        ("v1$_$2", "video v1 is in the splits test, train"),
    ]
    assert faulty_rows(on_disk(CLIPS), (-3.0, 3.0), shared_videos=True) == []


def test_what_utf8_cannot_write_is_a_fault_and_no_crash():
    halves = [clip("v1", "1", text="so \ud800"), clip("v1", "2", words=(("\udfff", 0.1, 0.2),))]
    clips = on_disk([*halves, CLIPS[0]])
    assert list(clips) == [*halves, CLIPS[0]]
    rejected = faulty_rows(clips, (-3.0, 3.0), shared_videos=True)
    assert [(fault.clip_id, "half of a surrogate pair" in fault.reason) for fault in rejected] == [
        ("v1$_$1", True),
        ("v1$_$2", True),
    ]


def test_lines_are_sorted_as_python_sorts_ids():
    ids = ["b", "a", "Z", "é", "你", "\U0001f600", "\uffee", "a b", "a-"]
    lines = Lines(2)
    for clip_id in random.Random(1).sample(ids, len(ids)):
        lines.add(clip_id, {"media": {"clip_id": clip_id}})
    lines.add("a", {"text": {"clip_id": "a"}})
    assert list(lines.of_all("media")) == [f'{{"clip_id":"{clip_id}"}}\n' for clip_id in sorted(ids)]
    for shard in (0, 1):
        own = sorted(clip_id for clip_id in ids if shard_of(clip_id, 2) == shard)
        assert list(lines.of_shard("media", shard)) == [f'{{"clip_id":"{clip_id}"}}\n' for clip_id in own]


def test_more_rows_than_are_written_at_once():
    ids = [f"{row:05d}" for row in range(3000)]
    clips, lines = on_disk([clip(clip_id, "1") for clip_id in ids]), Lines(2)
    assert [one.video_id for one in clips] == ids
    assert clips[2999].video_id == "02999"
    assert clips.repeated() == {}
    for clip_id in ids:
        lines.add(clip_id, {"labels": {"clip_id": clip_id}, "test": {"clip_id": clip_id}})
    assert len(list(lines.of_all("labels"))) == len(list(lines.of_all("test"))) == 3000


def test_a_file_of_the_same_lines_is_left_alone(tmp_path):
    path = tmp_path / "labels.jsonl"
    assert write_lines_if_changed(path, iter(["a\n", "é\n"]))
    before = path.stat().st_ino
    assert not write_lines_if_changed(path, iter(["a\n", "é\n"]))
    assert path.stat().st_ino == before
    assert write_lines_if_changed(path, iter(["a\n"]))
    assert path.read_text() == "a\n"
    assert list(tmp_path.iterdir()) == [path]
