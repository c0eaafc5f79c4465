"""The scan: what it writes, what it leaves unchanged, and its errors for faulty tables."""

import os
import resource
from pathlib import Path

import pytest

from pipeline.config.settings import DatasetConfig
from pipeline.core.errors import ConfigError, RawDataError
from pipeline.core.paths import DatasetPaths
from pipeline.index.manifest import manifest_clips, num_manifests, read_jsonl, shard_name
from pipeline.index.summary import Summary
from pipeline.scanning.scan import scan
from tests.support.raw import HEADER, OLD_NS, changed, make_raw, stamps


def run_scan(tmp_path: Path, raw: Path, **settings):
    paths = DatasetPaths(tmp_path / "processed" / "toy")
    return scan("toy", DatasetConfig(**settings), raw=raw, paths=paths), paths


def test_ids_keep_their_leading_zeros_and_media_are_found_in_any_container(tmp_path):
    raw = make_raw(tmp_path / "raw")
    (raw / "Raw" / "v1" / "001.mp4").rename(raw / "Raw" / "v1" / "001.MKV")
    summary, paths = run_scan(tmp_path, raw)
    rows = [row for i in range(summary.manifests) for row in read_jsonl(paths.manifest("media", shard_name(i)))]
    assert {row["clip_id"]: row["media"] for row in rows}["v1$_$001"] == "Raw/v1/001.MKV"
    assert (summary.clips, summary.absent, summary.rejected) == (6, 0, 0)


def test_a_second_scan_and_a_touch_write_nothing(tmp_path):
    raw = make_raw(tmp_path / "raw")
    _, paths = run_scan(tmp_path, raw)
    before = stamps(paths)
    run_scan(tmp_path, raw)
    (raw / "label.csv").touch()
    (raw / "Raw" / "v2" / "002.mp4").touch()
    run_scan(tmp_path, raw)
    assert stamps(paths) == before


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ("media", "media/000.jsonl"),
        ("text", "text/000.jsonl"),
        ("label", "labels.jsonl"),
    ],
)
def test_an_edit_changes_only_the_file_of_those_who_read_it(tmp_path, edit, expected):
    raw = make_raw(tmp_path / "raw")
    _, paths = run_scan(tmp_path, raw)
    before = stamps(paths)
    table = (raw / "label.csv").read_text()
    if edit == "media":
        (raw / "Raw" / "v2" / "002.mp4").write_bytes(b"other")
    elif edit == "text":
        (raw / "label.csv").write_text(table.replace("some words 2", "other words"))
    else:
        (raw / "label.csv").write_text(table.replace("some words 2,0", "some words 2,1.5"))
    run_scan(tmp_path, raw)
    assert changed(before, stamps(paths)) == {expected}


def test_an_edit_that_keeps_size_and_an_old_time_is_found_by_its_inode_or_a_deep_scan(tmp_path):
    raw = make_raw(tmp_path / "raw")
    _, paths = run_scan(tmp_path, raw)
    before = stamps(paths)
    media = raw / "Raw" / "v2" / "002.mp4"
    with media.open("r+b") as file:
        file.write(b"MEDIA")
    os.utime(media, ns=(OLD_NS, OLD_NS))
    scan("toy", DatasetConfig(), raw=raw, paths=paths, deep=True)
    assert changed(before, stamps(paths)) == {"media/000.jsonl"}


def test_an_absent_file_is_no_error_and_is_found_once_it_is_there(tmp_path):
    raw = make_raw(tmp_path / "raw")
    media = raw / "Raw" / "v2" / "002.mp4"
    content = media.read_bytes()
    media.unlink()
    summary, _ = run_scan(tmp_path, raw)
    assert summary.absent == 1
    media.write_bytes(content)
    summary, _ = run_scan(tmp_path, raw)
    assert summary.absent == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("v1,001", "../../x,001", "could lead out of its folder"),
        ("v1,001", "v1,..", "could lead out of its folder"),
        ("v1,001", "v2,002", "appears 2 times"),
        (",valid", ",holdout", "split 'holdout'; expected one of train, valid, test"),
        ("some words 1,-1", "some words 1,bad", "label 'bad' is not a number"),
        ("some words 1,-1", "some words 1,nan", "sentiment nan; expected -3 to 3"),
        ("some words 1,-1", "some words 1,7", "sentiment 7.0; expected -3 to 3"),
        ("some words 1,-1", "some words 1,", "neither a label nor an emotion"),
        ("v1,001", "v0,001", "is in the splits train, valid"),
    ],
)
def test_every_faulty_row_is_listed_with_line_and_remedy(tmp_path, old, new, message):
    raw = make_raw(tmp_path / "raw")
    table = (raw / "label.csv").read_text()
    assert old in table
    (raw / "label.csv").write_text(table.replace(old, new, 1))
    with pytest.raises(RawDataError, match=r"label\.csv line") as caught:
        run_scan(tmp_path, raw)
    assert message in str(caught.value)
    summary, paths = run_scan(tmp_path, raw, bad_rows="quarantine")
    rejected = read_jsonl(paths.rejected)
    assert summary.rejected == len(rejected) >= 1
    assert summary.clips + len({row["where"] for row in rejected}) == 6
    assert any(message in row["reason"] for row in rejected)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER.replace("text", "sentence"), "no column text; there are video_id, clip_id, sentence"),
        (HEADER.replace(",mode", ""), "no column mode"),
        ("", "empty; expected a header line"),
    ],
)
def test_a_table_without_what_is_needed_says_what_it_has(tmp_path, header, message):
    raw = make_raw(tmp_path / "raw")
    body = (raw / "label.csv").read_text().removeprefix(HEADER) if header else ""
    (raw / "label.csv").write_text(header + body)
    with pytest.raises(RawDataError, match=message):
        run_scan(tmp_path, raw)


def test_a_renamed_column_is_read_once_it_is_named(tmp_path):
    raw = make_raw(tmp_path / "raw")
    table = (raw / "label.csv").read_text()
    (raw / "label.csv").write_text(table.replace("text", "sentence", 1))
    summary, _ = run_scan(tmp_path, raw, options={"columns": {"text": "sentence"}})
    assert summary.clips == 6


def test_a_missing_folder_says_what_is_there_instead(tmp_path):
    (tmp_path / "raw" / "other").mkdir(parents=True)
    with pytest.raises(RawDataError, match=r"the folder contains other/"):
        run_scan(tmp_path, tmp_path / "raw" / "toy")


def test_an_unknown_reader_or_option_names_the_nearest(tmp_path):
    raw = make_raw(tmp_path / "raw")
    with pytest.raises(ConfigError, match="did you mean 'table'"):
        run_scan(tmp_path, raw, reader="tabel")
    with pytest.raises(ConfigError, match="did you mean 'encoding'"):
        run_scan(tmp_path, raw, options={"encodng": "utf-8"})


def test_text_in_another_encoding_names_the_byte(tmp_path):
    raw = make_raw(tmp_path / "raw")
    (raw / "label.csv").write_bytes(
        (raw / "label.csv").read_bytes().replace(b"some words 2", "他们说".encode("gb18030"))
    )
    with pytest.raises(RawDataError, match=r"is not utf-8-sig; set options\.encoding"):
        run_scan(tmp_path, raw)
    summary, _ = run_scan(tmp_path, raw, options={"encoding": "gb18030"})
    assert summary.clips == 6


@pytest.mark.parametrize(
    ("clips", "manifests", "face_jobs", "bert_jobs"),
    [(0, 1, 1, 1), (64, 2, 2, 1), (2199, 64, 64, 1), (22856, 256, 256, 8), (1_000_000, 1024, 1024, 256)],
)
def test_manifests_grow_more_slowly_than_clips(clips, manifests, face_jobs, bert_jobs):
    """A job costs planning time however little it does; the counts are powers of two, so that shards nest."""
    assert num_manifests(clips) == manifests
    summary = Summary(manifests, clips, 0, 0, "", manifest_clips=manifest_clips(clips))
    assert (summary.num_shards(32), summary.num_shards(4096)) == (face_jobs, bert_jobs)


def test_a_dataset_that_grew_keeps_its_shards(tmp_path):
    before, paths = run_scan(tmp_path, make_raw(tmp_path / "raw"))
    grown, _ = run_scan(tmp_path, make_raw(tmp_path / "raw", clips=70))
    assert (grown.clips, grown.manifests, grown.manifest_clips) == (70, before.manifests, before.manifest_clips)
    assert len(list((paths.index / "media").iterdir())) == before.manifests


def faults(paths: DatasetPaths, summary: Summary) -> dict[str, str]:
    rows = [row for i in range(summary.manifests) for row in read_jsonl(paths.manifest("media", shard_name(i)))]
    return {row["clip_id"]: row["fault"] for row in rows if "fault" in row}


def test_a_link_out_of_the_raw_folder_is_followed_only_where_the_settings_say_so(tmp_path):
    raw = make_raw(tmp_path / "raw")
    media, folder = raw / "Raw" / "v1" / "001.mp4", raw / "Raw" / "v2"
    for path in (media, folder):
        path.rename(tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
    (raw / "Raw" / "v3" / "003.mp4").unlink()
    (raw / "Raw" / "v3" / "003.mp4").symlink_to(raw / "Raw" / "v4" / "004.mp4")  # within the raw folder: allowed
    summary, paths = run_scan(tmp_path, raw)
    reasons = faults(paths, summary)
    assert set(reasons) == {"v1$_$001", "v2$_$002"}
    assert reasons["v1$_$001"].startswith("Raw/v1/001.mp4: a symbolic link leads out of the raw folder; copy the file")
    assert summary.absent == 2
    summary, paths = run_scan(tmp_path, raw, follow_links=True)
    assert (faults(paths, summary), summary.absent) == ({}, 0)


def test_the_raw_folder_itself_may_be_a_link(tmp_path):
    make_raw(tmp_path / "elsewhere")
    (tmp_path / "raw").symlink_to(tmp_path / "elsewhere")
    summary, paths = run_scan(tmp_path, tmp_path / "raw")
    assert (faults(paths, summary), summary.absent) == ({}, 0)


def test_tables_and_whole_folders_behind_links_are_errors_that_name_the_setting(tmp_path):
    raw = make_raw(tmp_path / "raw")
    (raw / "Raw").rename(tmp_path / "Raw")
    (raw / "Raw").symlink_to(tmp_path / "Raw")
    with pytest.raises(RawDataError, match=r"none of 6 media files may be read; Raw/.*follow_links: true"):
        run_scan(tmp_path, raw)
    (raw / "label.csv").rename(tmp_path / "label.csv")
    (raw / "label.csv").symlink_to(tmp_path / "label.csv")
    with pytest.raises(RawDataError, match=r"label.csv: a symbolic link leads out .*follow_links: true"):
        run_scan(tmp_path, raw)


@pytest.mark.slow
def test_a_full_disk_is_a_one_line_error(tmp_path):
    raw = make_raw(tmp_path / "raw", clips=1)
    rows = "".join(f"v0,{i},{'many words ' * 40},0,,,,,train\n" for i in range(20_000))
    (raw / "label.csv").write_text(HEADER + rows)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(RawDataError, match=r"dataset toy: its rows cannot be written .*; free disk space in"):
            run_scan(tmp_path, raw)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((tmp_path / "processed").rglob("*.jsonl"))
