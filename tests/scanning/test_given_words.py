"""Word timings that come with a dataset: from files or a column to the extractor that reads them, and to no other."""

import json
from pathlib import Path

import pytest

from pipeline.config.settings import DatasetConfig
from pipeline.core.errors import RawDataError
from pipeline.core.paths import DatasetPaths
from pipeline.extraction.tasks import make_tasks
from pipeline.index.manifest import read_jsonl
from pipeline.scanning.scan import scan
from pipeline.words.timed import TimedWord
from tests.support.raw import changed, make_raw, stamps

WORDS = [{"word": "some", "start": 0.1, "end": 0.4}, {"word": "words", "start": 0.4, "end": 0.9}]
OPTIONS = {"words": "Words/{video_id}/{clip_id}"}


@pytest.fixture
def raw(tmp_path) -> Path:
    raw = make_raw(tmp_path / "raw")
    for i in range(6):
        path = raw / "Words" / f"v{i}" / f"00{i}.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(WORDS))
    return raw


def scan_it(tmp_path, raw, options=OPTIONS, **settings):
    paths = DatasetPaths(tmp_path / "processed" / "toy")
    return scan("toy", DatasetConfig(options=options, **settings), raw=raw, paths=paths), paths


def words_of(paths) -> dict[str, list]:
    return {row["clip_id"]: row["words"] for row in read_jsonl(paths.manifest("words", "000"))}


def tasks_of(paths, *reads):
    rows = {f"{kind}_rows": read_jsonl(paths.manifest(kind, "000")) for kind in ("media", "text", "words")}
    tasks = make_tasks(**rows, reads=reads, raw=paths.root, identity="x")
    return {task.clip_id: task for task in tasks}


def test_words_are_found_beside_the_clips(tmp_path, raw):
    _, paths = scan_it(tmp_path, raw)
    assert words_of(paths)["v2$_$002"] == [["some", 0.1, 0.4], ["words", 0.4, 0.9]]
    task = tasks_of(paths, "text", "words")["v2$_$002"]
    assert task.given_words == (TimedWord("some", 0.1, 0.4), TimedWord("words", 0.4, 0.9))


def test_words_are_read_from_a_column(tmp_path, raw):
    table = (raw / "label.csv").read_text()
    cell = '"' + json.dumps(WORDS[:1]).replace('"', '""') + '"'
    header, first, *others = table.splitlines()
    (raw / "label.csv").write_text("\n".join([f"{header},timing", f"{first},{cell}", *[f"{o}," for o in others]]))
    _, paths = scan_it(tmp_path, raw, options={"columns": {"words": "timing"}})
    assert words_of(paths) == {"v0$_$000": [["some", 0.1, 0.4]]}


def test_a_dataset_without_words_has_empty_manifests_of_them(tmp_path, raw):
    _, paths = scan_it(tmp_path, raw, options={})
    assert words_of(paths) == {}
    assert all(task.given_words is None for task in tasks_of(paths, "text", "words").values())


def test_changed_words_change_the_key_of_those_who_read_them_alone(tmp_path, raw):
    _, paths = scan_it(tmp_path, raw)
    before, files = {reads: tasks_of(paths, *reads) for reads in (("text",), ("text", "words"))}, stamps(paths)
    (raw / "Words" / "v2" / "002.json").write_text(json.dumps(WORDS[:1]))
    scan_it(tmp_path, raw)
    assert changed(files, stamps(paths)) == {"words/000.jsonl"}
    assert tasks_of(paths, "text") == before["text",]
    after = tasks_of(paths, "text", "words")
    assert {clip for clip in after if after[clip].key != before["text", "words"][clip].key} == {"v2$_$002"}


def test_a_missing_file_of_words_is_found_once_it_is_there(tmp_path, raw):
    path = raw / "Words" / "v2" / "002.json"
    content = path.read_text()
    path.unlink()
    summary, paths = scan_it(tmp_path, raw)
    assert (summary.missing_files, len(words_of(paths))) == (1, 5)
    path.write_text(content)
    summary, _ = scan_it(tmp_path, raw)
    assert (summary.missing_files, len(words_of(paths))) == (0, 6)


def test_a_damaged_file_of_words_is_a_fault_of_its_row(tmp_path, raw):
    (raw / "Words" / "v2" / "002.json").write_text("{}")
    with pytest.raises(
        RawDataError, match=r"label\.csv line 4 \('v2.*word timings Words/v2/002\.json: .*no list of words"
    ):
        scan_it(tmp_path, raw)


def test_a_segment_that_cannot_be_is_a_fault_of_its_row(tmp_path, raw):
    table = (raw / "label.csv").read_text().splitlines()
    rows = [f"{table[0]},start_s,end_s", f"{table[1]},2,1", *[f"{row},0,1" for row in table[2:]]]
    (raw / "label.csv").write_text("\n".join(rows))
    with pytest.raises(RawDataError, match=r"line 2 .*segment 2.0 s to 1.0 s is empty or negative"):
        scan_it(tmp_path, raw, options={"media": "Raw/{video_id}/000"})


def test_a_row_without_times_is_set_aside_where_the_file_is_the_whole_recording(tmp_path, raw):
    (raw / "long.mp4").write_bytes(b"media")
    table = (raw / "label.csv").read_text().splitlines()
    rows = [f"{table[0]},start_s,end_s", f"{table[1]},,1", *[f"{row},0,1" for row in table[2:]]]
    (raw / "label.csv").write_text("\n".join(rows))
    summary, paths = scan_it(tmp_path, raw, options={"media": "long"})
    assert (summary.clips, summary.rejected) == (5, 1)
    assert "no start or end time" in read_jsonl(paths.rejected)[0]["reason"]
