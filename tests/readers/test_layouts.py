"""The special cases of each layout's tables, and the errors for a damaged copy."""

import shutil

import pytest
import yaml

from pipeline.config.settings import DatasetConfig
from pipeline.core.errors import RawDataError
from pipeline.core.paths import DatasetPaths
from pipeline.readers.meld import repaired
from pipeline.scanning.reading import open_raw
from pipeline.scanning.scan import scan
from tests.support.miniatures import (
    MAKERS,
    invented_clips,
    make_csd,
    make_iemocap,
    make_meld,
    make_mosei,
    make_mosi,
    make_sims,
)


def read(name, raw, **options):
    return open_raw(name, DatasetConfig(reader=name, options=options), raw).read()


def make(name, raw):
    return MAKERS[name](raw / name, invented_clips(), media=False)


def test_mosi_takes_texts_from_transcripts_and_keeps_odd_ids(tmp_path):
    clips = read("mosi", make_mosi(tmp_path, invented_clips(), media=False)).clips
    assert [clip.clip_id for clip in clips[:2]] == ["-a_B3$_$1", "-a_B3$_$02"]
    assert clips[0].text == "SENTENCE NUMBER 0."


def test_mosi_reads_the_layout_of_mmsa_as_well(tmp_path):
    (tmp_path / "Raw" / "-v").mkdir(parents=True)
    (tmp_path / "Raw" / "-v" / "007.avi").touch()
    (tmp_path / "label.csv").write_text("video_id,clip_id,text,label,annotation,mode\n-v,007,hi,1,Positive,train\n")
    (clip,) = read("mosi", tmp_path).clips
    assert (clip.media, clip.text, clip.part_id) == ("Raw/-v/007.avi", "hi", "007")


def test_mosei_finds_times_and_texts_in_its_transcripts(tmp_path):
    raw = make_mosei(tmp_path, invented_clips(), media=False)
    table = read("mosei", raw)
    by_id = {clip.clip_id: clip for clip in table.clips}
    assert by_id["-NFrJFQijFE$_$0"].start_s == 0.0, "a start slightly before the video is its beginning"
    assert by_id["-NFrJFQijFE$_$0"].end_s > by_id["-NFrJFQijFE$_$1"].start_s, "overlapping segments are kept"
    assert by_id["208416$_$0"].text
    assert [row.clip_id for row in table.unusable] == ["-NFrJFQijFE$_$4"]
    without_times = (raw / "label.csv").read_text().replace(",start,end", ",unused,unused2")
    (raw / "label.csv").write_text(without_times)
    assert read("mosei", raw).clips[1].start_s == by_id["-NFrJFQijFE$_$1"].start_s


def test_mosei_needs_no_times_for_clips_that_are_cut_already(tmp_path):
    raw = make_mosei(tmp_path, invented_clips(), media=False)
    (raw / "Raw" / "-NFrJFQijFE").mkdir(parents=True)
    (raw / "Raw" / "-NFrJFQijFE" / "4.mp4").touch()
    table = read("mosei", raw)
    clip = next(clip for clip in table.clips if clip.clip_id == "-NFrJFQijFE$_$4")
    assert (clip.media, clip.start_s, table.unusable) == ("Raw/-NFrJFQijFE/4.mp4", None, [])


def test_mosei_says_how_many_transcripts_it_missed(tmp_path):
    raw = make_mosei(tmp_path, invented_clips(), media=False)
    (raw / "Raw/Transcript/Segmented/Combined/208416.txt").unlink()
    table = read("mosei", raw)
    assert table.notes == ["recordings without a transcript file: 1, such as Combined/208416.txt"]
    assert table.missing_files == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_sims_reads_chinese_in_the_encodings_it_is_found_in(tmp_path, encoding):
    table = read("sims", make_sims(tmp_path, invented_clips(), media=False, encoding=encoding))
    assert table.clips[0].text == "我不想嫁给李茶"
    assert table.clips[-1].part_id == "0010"
    first = table.clips[0]
    assert (first.sentiment_audio, first.sentiment_vision) == (first.sentiment, None)


def test_meld_puts_the_split_into_the_id_and_ignores_duplicates(tmp_path):
    raw = make_meld(tmp_path, invented_clips(), media=False)
    (raw / "output_repeated_splits_test" / "dia0_utt0.mp4").touch()
    table = read("meld", raw)
    assert len({clip.clip_id for clip in table.clips}) == 7
    by_id = {clip.clip_id: clip for clip in table.clips}
    assert by_id["test_dia0$_$utt0"].media == "output_repeated_splits_test/dia0_utt0.mp4"
    assert by_id["train_dia0$_$utt2"].media == "train_splits/dia0_utt2.*"
    assert by_id["train_dia0$_$utt2"].text == "He said “hi”."
    assert table.notes == ["texts whose mis-decoded characters were repaired: 3 (options.repair_text)"]
    unrepaired = {clip.clip_id: clip for clip in read("meld", raw, repair_text=False).clips}
    assert unrepaired["train_dia0$_$utt2"].text == "He said \x93hi\x94."
    assert (by_id["dev_dia0$_$utt0"].emotion, by_id["dev_dia0$_$utt0"].polarity) == ("anger", "negative")


def test_meld_reads_a_table_in_windows_encoding(tmp_path):
    raw = make_meld(tmp_path, invented_clips(), media=False)
    path = raw / "dev_sent_emo.csv"
    path.write_bytes(path.read_text().replace("Sentence number", "It’s").encode("cp1252"))
    texts = [clip.text for clip in read("meld", raw).clips if clip.split == "valid"]
    assert texts[0] == "It’s 3."


def test_text_is_repaired_only_where_it_was_mis_decoded():
    assert repaired("I\x92m") == "I’m"
    assert repaired("donâ€™t") == "don’t"
    assert repaired("cafÃ©") == "café"
    assert repaired("Ã la carte, naïve, “fine” — 你好") == "Ã la carte, naïve, “fine” — 你好"


def test_iemocap_keeps_six_classes_and_crops_to_the_speaker(tmp_path):
    table = read("iemocap", make_iemocap(tmp_path, invented_clips(), media=False))
    by_id = {clip.clip_id: clip for clip in table.clips}
    left, right = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 0.5, 1.0)
    assert by_id["Ses01F_impro01$_$F000"].crop == by_id["Ses01M_script01_1$_$M000"].crop == left
    assert by_id["Ses01F_impro01$_$M000"].crop == by_id["Ses01M_script01_1$_$F000"].crop == right
    assert by_id["Ses01F_impro01$_$M000"].emotion == "angry"
    assert by_id["Ses01F_impro01$_$M000"].speaker == "Ses01M"
    assert len(table.unusable) == 4


def test_iemocap_crops_as_configured(tmp_path):
    raw = make_iemocap(tmp_path, invented_clips(), media=False)
    assert {clip.crop for clip in read("iemocap", raw, crop="none").clips} == {None}
    assert {clip.crop for clip in read("iemocap", raw, crop="right").clips} == {(0.5, 0.0, 0.5, 1.0)}
    clips = read("iemocap", raw, marked_side="right").clips
    assert next(c for c in clips if c.clip_id == "Ses01F_impro01$_$F000").crop == (0.5, 0.0, 0.5, 1.0)


def test_iemocap_tests_on_session_5_and_validates_on_whole_dialogues(tmp_path):
    clips = read("iemocap", make_iemocap(tmp_path, invented_clips(), media=False)).clips
    assert {clip.video_id for clip in clips if clip.split == "test"} == {"Ses05F_impro02"}
    splits = {clip.video_id: {c.split for c in clips if c.video_id == clip.video_id} for clip in clips}
    assert sorted(map(sorted, splits.values())) == [["test"], ["train"], ["valid"]]


def test_csd_gives_words_times_from_the_segments_start(tmp_path):
    table = read("csd", make_csd(tmp_path, invented_clips(), media=False))
    clip = next(clip for clip in table.clips if clip.clip_id == "v_1$_$1")
    assert (clip.start_s, clip.end_s, clip.text) == (3.0, 6.0, "Sentence")
    assert clip.words == (("Sentence", 0.5, 1.0),)


@pytest.mark.parametrize("name", MAKERS)
def test_a_missing_table_is_a_one_line_error_with_the_folders_content(tmp_path, name):
    raw = make(name, tmp_path)
    for pattern in ("*.csv", "*/*.csv", "*.csd", "Session1/dialog/EmoEvaluation/*.txt"):
        for path in raw.glob(pattern):
            path.unlink()
    (raw / "notes.txt").touch()
    with pytest.raises(RawDataError, match=r"the folder contains .+|contains nothing") as caught:
        read(name, raw)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", MAKERS)
def test_a_folder_one_level_too_high_is_a_one_line_error_with_its_content(tmp_path, name):
    make(name, tmp_path)
    with pytest.raises(RawDataError, match=rf"the folder contains {name}/") as caught:
        read(name, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "file", "column"),
    [
        ("mosi", "label.csv", "mode"),
        ("mosei", "label.csv", "label"),
        ("sims", "meta.csv", "text"),
        ("meld", "dev_sent_emo.csv", "Emotion"),
        ("csd", "splits.csv", "mode"),
    ],
)
def test_a_renamed_column_is_one_line_that_names_it_and_the_others(tmp_path, name, file, column):
    raw = make(name, tmp_path)
    encoding = "gbk" if name == "sims" else "utf-8"
    text = (raw / file).read_text(encoding=encoding)
    header, _, body = text.partition("\n")
    cells = ["renamed" if cell.strip() == column else cell for cell in header.split(",")]
    (raw / file).write_text(",".join(cells) + "\n" + body, encoding=encoding)
    with pytest.raises(RawDataError, match=rf"no column {column}; there are .*renamed") as caught:
        read(name, raw)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", MAKERS)
def test_media_in_the_wrong_folder_are_one_line_that_names_an_example(tmp_path, name):
    raw = make(name, tmp_path)
    config = DatasetConfig(reader=name, splits_may_share_videos=True)
    with pytest.raises(RawDataError, match=r"none of \d+ media files is there; expected files like ") as caught:
        scan(name, config, raw=raw, paths=DatasetPaths(tmp_path / "processed"))
    assert "\n" not in str(caught.value)


def test_iemocap_says_which_line_it_expected(tmp_path):
    raw = make("iemocap", tmp_path)
    (raw / "Session5/dialog/EmoEvaluation/Ses05F_impro02.txt").write_text("start,end,emotion\n")
    with pytest.raises(RawDataError, match=r"expected lines such as .*Ses05F_impro02_F000"):
        read("iemocap", raw)
    shutil.rmtree(raw / "Session5" / "dialog" / "transcriptions")
    with pytest.raises(RawDataError, match=r"no dialogues Ses\*\.txt; dialog: the folder contains EmoEvaluation/"):
        read("iemocap", raw)


@pytest.mark.parametrize("name", ["mosi", "mosei", "sims", "simsv2", "meld", "iemocap"])
def test_every_dataset_says_its_licence_and_where_to_obtain_it(repository, name):
    config = yaml.safe_load((repository / "config" / "datasets" / f"{name}.yaml").read_text())
    assert config["licence"]
    assert config["source"].startswith("http")
    if name.startswith("sims"):
        assert (config["language"], config["label_range"], config["metrics"]) == ("zh", [-1, 1], "sims")
        assert config["features"]["bert"]["weights"] == "bert-base-chinese"
