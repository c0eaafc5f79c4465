"""Spoken forms of the words of a transcript, with the index of the raw word of each.

A raw word is spoken as several words ("$5"), as one, or not at all ("--", "[laughter]").
"""

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

from pipeline.words.numerals import spell_numbers

_APOSTROPHES = re.compile(r"[\u2018\u2019\u02bc\uff07`´]")
#: Transcribers' notes, which are not spoken: [laughter], {sp}, <unk>, (stutter).
_NOTE = re.compile(r"\[[^\]]*\]|\{[^}]*\}|<[^>]*>|\((?:stutter|laughs?|laughter|laughing|sighs?|pause|cough|noise)\)")
_ABBREVIATIONS = {
    "mr.": "mister",
    "mr": "mister",
    "mrs.": "missus",
    "mrs": "missus",
    "ms.": "miss",
    "dr.": "doctor",
    "dr": "doctor",
    "prof.": "professor",
    "jr.": "junior",
    "sr.": "senior",
    "st.": "saint",
    "vs.": "versus",
    "vs": "versus",
    "etc.": "et cetera",
    "etc": "et cetera",
    "e.g.": "for example",
    "i.e.": "that is",
    "approx.": "approximately",
    "dept.": "department",
    "vol.": "volume",
    "w/": "with",
    "w/o": "without",
    "b/c": "because",
}
_SYMBOLS = {"&": "and", "@": "at", "+": "plus", "=": "equals", "%": "percent", "#": "number", "°": "degrees"}
#: Fillers have many spellings.
_FILLERS = (
    (re.compile(r"u+h*m+|u+h+m+"), "um"),
    (re.compile(r"u+h+"), "uh"),
    (re.compile(r"e+r+m+"), "um"),
    (re.compile(r"h+m{2,}|h+mm+|m{2,}"), "hmm"),
    (re.compile(r"a+h{1,}"), "ah"),
    (re.compile(r"o+h{1,}"), "oh"),
    (re.compile(r"m+h+m+|mm-?hmm?"), "mhm"),
)
_EDGES = "".join({'"', "“", "”", "(", ")", ",", ";", ":", "!", "?", "…", "«", "»", "*", "_", "~"})


@dataclass(frozen=True, slots=True)
class Spoken:
    """A spoken word.

    Attributes:
        word: lower case, letters and inner apostrophes only.
        raw: index of the raw word it belongs to.
    """

    word: str
    raw: int


def spoken_words(text: str, spans: Int32[np.ndarray, "words 2"], language: str) -> list[Spoken]:
    """Spell out numbers, money, abbreviations and fillers, drop punctuation and notes.

    Args:
        text: the transcript.
        spans: characters of its raw words.
        language: BCP 47 code; abbreviations and fillers are English.
    """
    primary = language.lower().split("-")[0]
    silent = _note_mask(text)
    raw_words = ["".join(char for at, char in enumerate(text[a:b], a) if not silent[at]) for a, b in spans.tolist()]
    return [Spoken(word, index) for index, raw in enumerate(raw_words) for word in say(raw, primary)]


def say(raw: str, language: str) -> list[str]:
    """The spoken words of one raw word.

    Args:
        raw: the raw word.
        language: first part of a BCP 47 code.
    """
    plain = _APOSTROPHES.sub("'", unicodedata.normalize("NFKC", raw)).lower().strip(_EDGES)
    if language == "en":
        plain = _ABBREVIATIONS.get(plain, plain)
        plain = re.sub(r"(?<![a-z])(?:[a-z]\.){2,}", lambda match: match.group().replace(".", " "), plain)
        plain = spell_numbers(plain, language)
        plain = "".join(f" {_SYMBOLS[char]} " if char in _SYMBOLS else char for char in plain)
    else:
        plain = spell_numbers(plain, language)
    words = [_bare(part) for part in re.split(r"[^\w'\u0300-\u036f]+|_", plain)]
    return [_filler(word) if language == "en" else word for word in words if word]


def _note_mask(text: str) -> list[bool]:
    """True for the characters of notes; a note may span several raw words."""
    mask = [False] * len(text)
    for match in _NOTE.finditer(text.lower() if len(text.lower()) == len(text) else text):
        mask[match.start() : match.end()] = [True] * (match.end() - match.start())
    return mask


def _bare(part: str) -> str:
    """Without quotation marks; this also drops the outer apostrophe of 'cause and lovin'."""
    return part.strip("'")


def _filler(word: str) -> str:
    return next((filler for pattern, filler in _FILLERS if pattern.fullmatch(word)), word)
