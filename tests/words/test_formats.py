"""Files of word timings: every format gives the same words, and a damaged file says what was expected."""

import json

import pytest

from pipeline.core.errors import RawDataError
from pipeline.words.formats import read_words
from pipeline.words.timed import TimedWord

TRUTH = [TimedWord("I", 0.25, 0.5), TimedWord("can't", 0.5, 1.0), TimedWord('"stay"', 1.25, 2.0)]

LONG_TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 2.5
        intervals: size = 5
        intervals [1]:
            xmin = 0
            xmax = 0.25
            text = ""
        intervals [2]:
            xmin = 0.25
            xmax = 0.5
            text = "I"
        intervals [3]:
            xmin = 0.5
            xmax = 1
            text = "can't"
        intervals [4]:
            xmin = 1
            xmax = 1.25
            text = "sil"
        intervals [5]:
            xmin = 1.25
            xmax = 2
            text = ""\"stay""\"
    item [2]:
        class = "TextTier"
        name = "events"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 1.5
            mark = "click 7"
    item [3]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 2.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 2.5
            text = "AY1"
"""
SHORT_TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

0
2.5
<exists>
1
"IntervalTier"
"anything"
0
2.5
4
0
0.25
""
0.25
0.5
"I"
0.5
1
"can't"
1.25
2
""\"stay""\"
"""
CTM = ';; made by hand\nclip A 0.25 0.25 I\nclip A 0.5 0.5 can\'t 0.9\nclip A 1.0 0.25 <eps>\nclip A 1.25 0.75 "stay"\n'
WORDS = [{"word": word.word, "start": word.start_s, "end": word.end_s} for word in TRUTH]
SRT = """1
00:00:00,250 --> 00:00:00,500
I

2
00:00:00,500 --> 00:00:01,000
<i>can't</i>

3
00:00:01,250 --> 00:00:02,000
"stay"
"""
VTT = """WEBVTT

00:00.250 --> 00:01.000
I <00:00.500><c>can't</c>

last
00:01.250 --> 00:02.000 align:left
"stay"
"""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("long.TextGrid", LONG_TEXTGRID.encode()),
        ("utf16.TextGrid", LONG_TEXTGRID.encode("utf-16")),
        ("short.TextGrid", SHORT_TEXTGRID.encode()),
        ("clip.ctm", CTM.encode()),
        ("list.json", json.dumps(WORDS).encode()),
        ("gentle.json", json.dumps({"words": [*WORDS, {"word": "unheard", "case": "not-found-in-audio"}]}).encode()),
        ("whisper.json", json.dumps({"segments": [{"words": WORDS[:1]}, {"words": WORDS[1:]}]}).encode()),
        ("clip.srt", ("\ufeff" + SRT).encode()),
        ("clip.vtt", VTT.replace("\n", "\r\n").encode()),
    ],
)
def test_every_format_gives_the_same_words(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert read_words(tmp_path / name) == TRUTH


def test_a_cue_of_several_words_is_shared_by_their_lengths(tmp_path):
    (tmp_path / "clip.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\na wonderful\n")
    assert read_words(tmp_path / "clip.srt") == [TimedWord("a", 1.0, 1.1), TimedWord("wonderful", 1.1, 2.0)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("clip.txt", b"", "no known file of word timings; expected .textgrid, .ctm"),
        ("clip.TextGrid", b"hello", "no TextGrid"),
        ("clip.TextGrid", LONG_TEXTGRID[:600].encode(), "damaged TextGrid"),
        ("clip.TextGrid", LONG_TEXTGRID.replace('"words"', '"tokens"').encode(), "interval tiers: tokens, phones"),
        ("clip.ctm", b"clip A 0.5 word", "line 1 has 4 columns"),
        ("clip.ctm", b"clip A soon 0.5 word", "'soon' is not a number"),
        ("clip.json", b"{", "clip.json: "),
        ("clip.json", b'{"text": "hello"}', "no list of words"),
        ("clip.json", b'[{"start": 1}]', "is not a word"),
        ("clip.json", b'[{"word": "back", "start": 2, "end": 1}]', "expected 0 <= start <= end"),
        ("clip.json", b'[{"word": "x", "start": NaN, "end": 1}]', "expected 0 <= start <= end"),
        ("clip.vtt", b"WEBVTT\n\nhello", "no cues"),
        ("clip.srt", b"\xff\xfe\xff", "clip.srt: "),
    ],
)
def test_a_damaged_file_says_what_was_expected(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RawDataError, match=rf"^{name}: ") as caught:
        read_words(tmp_path / name)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
