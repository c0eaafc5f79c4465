"""Files of word timings; an input's first byte chooses the kind."""

import math

from pipeline.core.errors import PipelineError
from pipeline.words.formats import PARSERS, read_words
from tools.fuzz.files import file_of

_KINDS = sorted(PARSERS)
_LONG = b'''File type = "ooTextFile"
Object class = "TextGrid"
xmin = 0
xmax = 1
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 1
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = "so ""good"""
'''
_SHORT = b'File type = "ooTextFile"\n"TextGrid"\n0\n1\n<exists>\n1\n"IntervalTier"\n"words"\n0\n1\n1\n0\n0.5\n"so"\n'
_EXAMPLES = {
    ".ctm": [b";; words\nclip 1 0.10 0.25 so 0.9\nclip 1 0.4 1e-1 good\n"],
    ".json": [b'[{"word": "so", "start": 0.1, "end": 0.4}]', b'{"segments": [{"words": [{"text": "a"}]}]}'],
    ".srt": [b"1\n00:00:01,000 --> 00:00:02,000\nso <i>good</i>\n"],
    ".textgrid": [_LONG, _SHORT, _SHORT.decode().encode("utf-16")],
    ".vtt": [b"WEBVTT\n\n01:00.5 --> 01:02.5\nso <01:01.0><c>good</c>\n"],
}
SEEDS = [bytes([place]) + example for place, kind in enumerate(_KINDS) for example in _EXAMPLES[kind]]


def check(data: bytes) -> None:
    """Read the file; words that come out have times in order."""
    kind = _KINDS[data[0] % len(_KINDS)] if data else _KINDS[0]
    try:
        words = read_words(file_of(data[1:], f"1{kind}"))
    except PipelineError:
        return
    if not all(0 <= word.start_s <= word.end_s < math.inf and word.word for word in words):
        message = f"{words!r} are no words"
        raise RuntimeError(message)
