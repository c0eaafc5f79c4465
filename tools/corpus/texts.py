"""Transcripts that no actor would say. A maker gives the cell of the label table; its media are sound."""

from tools.corpus.kinds import Kind


def _cell(text: str):
    return lambda: text


TEXTS = [
    Kind("empty", "quarantine", "the transcript is empty", _cell(""), ("bert",)),
    Kind("whitespace only", "quarantine", "the transcript is empty", _cell(" \t \u3000 "), ("bert",)),
    Kind("emoji", "accepted", "tokens of the vocabulary, unknown ones included", _cell("😀 👍🏽 👩‍👩‍👧 🎉")),
    Kind("10,000 words", "accepted", "cut, and counted in clips_cut", _cell("well " * 10_000)),
    Kind("one word of 5,000 letters", "accepted", "one unknown token", _cell("a" * 5_000)),
    Kind("right-to-left text", "accepted", "tokens in the order of speech", _cell("זה היה טוב مرحبا بالعالم")),
    Kind("digits only", "accepted", "tokens", _cell("42 007 3.14")),
    Kind("a script of another language", "accepted", "tokens of single characters", _cell("这部电影很好看")),
    Kind("punctuation only", "accepted", "tokens", _cell("... ?! --")),
    Kind("combining marks", "accepted", "tokens", _cell("Z\u0351\u0343a\u0358l\u0321g\u0322o\u0360")),
    Kind("zero-width characters", "accepted", "special tokens only", _cell("\u200b\u200d\ufeff")),
    Kind("markup", "accepted", "tokens; escaped in the report", _cell("<script>alert(1)</script> &amp; <b>good</b>")),
    Kind("quotes and line breaks", "accepted", "unchanged", _cell('He said "yes",\r\nthen\nleft.')),
    Kind("names of special tokens", "accepted", "tokens", _cell("[CLS] good [SEP] [MASK] [PAD]")),
    Kind("spreadsheet formula", "accepted", "unchanged", _cell('=HYPERLINK("http://127.0.0.1","x")')),
]
