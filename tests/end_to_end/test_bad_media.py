"""One dataset with every media fault of tools/corpus goes through the workflow; each clip ends as its table says."""

import re
import socket

import av
import numpy as np
import pytest

from pipeline.audit.audit import Scope, Subject, audit
from pipeline.config.settings import DatasetConfig
from pipeline.core.errors import MediaError
from pipeline.core.types import SPLITS
from pipeline.media.audio import load_sound
from pipeline.media.probe import probe
from pipeline.media.span import MediaSpan
from pipeline.media.video import Video
from pipeline.packs.formats.files import read_card, read_split
from tools.corpus import media
from tools.corpus.dataset import GOOD, KINDS, clip_of


@pytest.fixture(scope="module")
def reasons(faulty):
    """Reasons by extractor, by clip."""
    by_clip = {}
    for line in faulty.quarantine():
        by_clip.setdefault(line["clip_id"], {})[line["extractor"]] = line["reason"]
    return by_clip


@pytest.fixture(scope="module")
def splits(faulty):
    return {split: read_split(faulty.processed / "demo" / "packs" / "unaligned_50.h5", split) for split in SPLITS}


@pytest.mark.parametrize("name", KINDS, ids=[kind.name for kind in KINDS.values()])
def test_each_kind_ends_as_its_table_says(reasons, splits, name):
    kind, clip_id = KINDS[name], clip_of(name)
    by_extractor = reasons.get(clip_id, {})
    assert set(by_extractor) == set(kind.extractors)
    assert (clip_id in splits["train"].ids) == (kind.outcome == "accepted")
    for reason in by_extractor.values():
        assert re.search(kind.says, reason), reason


def test_the_quarantine_reads_well(faulty):
    for line in faulty.quarantine():
        reason = line["reason"]
        assert 20 < len(reason) < 260, reason
        assert "\n" not in reason
        assert str(faulty.root) not in reason, "no absolute path in outputs"
        assert not re.search(r"Error\(|Traceback|errno|0x[0-9a-f]{6}", reason, re.I), reason


def test_the_good_clips_are_packed_as_without_the_bad_ones(splits):
    ids = {split: set(arrays.ids) for split, arrays in splits.items()}
    for name, split in GOOD.items():
        assert clip_of(name) in ids[split]
    first, second = (splits["train"].ids.index(clip_of(name)) for name in ("good_1", "good_2"))
    np.testing.assert_array_equal(splits["train"].vision[first], splits["train"].vision[second])
    assert splits["train"].vision_mask[first].any()
    for arrays in splits.values():
        assert np.isfinite(arrays.audio).all()
        assert np.isfinite(arrays.vision).all()


def test_odd_clips_that_are_kept_carry_a_flag(faulty, splits):
    card = read_card(faulty.processed / "demo" / "packs" / "unaligned_50.json")
    names = {kind.name: clip_of(name) for name, kind in KINDS.items()}
    assert {names["no face"], names["pictures of 1 x 1"]} <= set(card.faceless)
    faceless = splits["train"].ids.index(names["no face"])
    assert splits["train"].vision_lengths[faceless] == 1
    assert not splits["train"].vision[faceless].any()
    assert not splits["train"].vision_mask[faceless].any()
    assert names["rotated by its header"] not in card.faceless
    assert card.lengths["text"].clips_cut >= 1
    short = splits["train"].audio_lengths[splits["train"].ids.index(names["sound that ends early"])]
    assert short < splits["train"].audio_lengths.max()


def test_every_row_is_accounted_for(faulty):
    subject = Subject("demo", DatasetConfig(), faulty.root / "raw" / "demo", faulty.processed / "demo")
    result = audit(subject, Scope(clips=99, again=False))
    assert result.faults == []
    assert result.rows == len(GOOD) + len(KINDS) == result.packed["unaligned_50"] + result.left_out["unaligned_50"]


@pytest.mark.parametrize("script", [media.PLAYLIST, media.CONCAT, media.DASH], ids=["hls", "concat", "dash"])
@pytest.mark.parametrize("disguise", ["clip.mp4", "clip.m3u8", "clip.ffconcat", "clip.mpd"])
@pytest.mark.parametrize("lead", [b"", b"\0", b"\xef\xbb\xbf", b"\n \n"])
def test_a_playlist_opens_neither_a_file_nor_an_address(tmp_path, opened, script, disguise, lead):
    bait = tmp_path / "bait.mp4"
    bait.write_bytes(b"secret")
    assert not opened(bait)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/bait.mp4".encode()
        for reference in (address, str(bait).encode(), b"bait.mp4"):
            path = tmp_path / disguise
            path.write_bytes(lead + script % reference)
            with pytest.raises(MediaError):
                probe(path)
            with pytest.raises(MediaError):
                load_sound(MediaSpan(path))
            with pytest.raises(MediaError):
                Video(MediaSpan(path))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert not opened(bait)


def test_the_watch_sees_a_file_that_is_opened(tmp_path, opened):
    """Without the lists of `open_media`, FFmpeg follows the script: the test above would fail."""
    bait = tmp_path / "bait.mp4"
    bait.write_bytes(b"secret")
    script = tmp_path / "clip.ffconcat"
    script.write_bytes(media.CONCAT % b"bait.mp4")
    opened(bait)
    with pytest.raises(av.FFmpegError):
        av.open(str(script), options={"safe": "0"})
    assert opened(bait)
