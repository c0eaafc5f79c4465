"""Reads word timings from files of other tools: Praat TextGrid, NIST CTM, JSON, SubRip and WebVTT.

Times count from the clip's start. Silences and words without times are left out.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.core.errors import RawDataError
from pipeline.core.types import Seconds
from pipeline.core.untrusted import read_bounded
from pipeline.words.timed import TimedWord

#: Word timings of one clip are a few kilobytes.
_LARGEST_BYTES = 32 << 20
#: Pauses in the notation of common aligners.
_SILENCES = frozenset({"", "sil", "<sil>", "[sil]", "sp", "<eps>", "<p:>", "<s>", "</s>", "silence"})
_WORD_TIERS = ("words", "word", "ort-mau")
_PRAAT_ITEM = re.compile(r'"((?:[^"]|"")*)"|(?<![\w.\[])(-?\d+(?:\.\d+)?(?:e-?\d+)?)(?![\w.\]])|(<exists>)', re.I)
_CUE = re.compile(r"((?:\d+:)?\d+:\d+[.,]\d+)\s*-->\s*((?:\d+:)?\d+:\d+[.,]\d+)")
_INLINE_TIME = re.compile(r"<((?:\d+:)?\d+:\d+[.,]\d+)>")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>|\{\\[^}]*\}")


def read_words(path: Path) -> list[TimedWord]:
    """Read a file of word timings, by its extension.

    Args:
        path: ``.TextGrid``, ``.ctm``, ``.json``, ``.srt`` or ``.vtt``, UTF-8 or (Praat) UTF-16.

    Raises:
        RawDataError: the extension is unknown, or the file is damaged.
    """
    parse = PARSERS.get(path.suffix.lower())
    if parse is None:
        raise RawDataError(f"{path.name}: no known file of word timings; expected {', '.join(PARSERS)}")
    try:
        return parse(_decoded(read_bounded(path, limit_bytes=_LARGEST_BYTES)))
    except (ValueError, RawDataError) as error:
        raise RawDataError(f"{path.name}: {error}") from error
    except (OSError, RecursionError) as error:
        raise RawDataError(f"{path.name}: {error}; expected word timings of one clip") from error


def parse_textgrid(text: str) -> list[TimedWord]:
    """Words of a Praat TextGrid, long or short: of the tier named words, else of the only interval tier."""
    if "ooTextFile" not in text[:200] or "TextGrid" not in text[:200]:
        raise ValueError('no TextGrid; expected a file that begins with File type = "ooTextFile"')
    tiers = _interval_tiers(_praat_items(text))
    named = [rows for name, rows in tiers if name.lower() in _WORD_TIERS]
    if not named and len(tiers) != 1:
        names = ", ".join(name for name, _ in tiers) or "none"
        raise ValueError(f"interval tiers: {names}; expected one tier, or one named words")
    return _timed((named or [tiers[0][1]])[0])


def parse_ctm(text: str) -> list[TimedWord]:
    """Words of a NIST CTM: ``file channel start duration word [confidence]`` per line; ``;;`` begins a comment."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells or line.startswith(";;"):
            continue
        if len(cells) < 5:
            raise ValueError(f"line {number} has {len(cells)} columns; expected file, channel, start, duration, word")
        start_s = _number(cells[2], f"line {number}")
        rows.append((cells[4], start_s, start_s + _number(cells[3], f"line {number}")))
    return _timed(rows)


def parse_json(text: str) -> list[TimedWord]:
    """Words of a JSON list, of ``{"words": [...]}`` (Gentle, Vosk) or of ``{"segments": [{"words": ...}]}`` (Whisper).

    Each word has its text under ``word`` or ``text`` and its times under ``start``/``end`` or ``start_s``/``end_s``.
    Words without times are left out.
    """
    return _timed(row for item in _json_words(json.loads(text)) if (row := _json_row(item)))


def parse_subtitles(text: str) -> list[TimedWord]:
    """Words of SubRip or WebVTT cues.

    The words of a cue share its time by length, except where WebVTT has inline time stamps.
    """
    rows: list[tuple[str, Seconds, Seconds]] = []
    cues = 0
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        times, _, body = block.partition("\n") if "-->" in block.partition("\n")[0] else _after_number(block)
        if cue := _CUE.search(times):
            cues += 1
            rows += _cue_words(body, _clock(cue.group(1)), _clock(cue.group(2)))
    if not cues:
        raise ValueError("no cues; expected lines such as 00:00:01.000 --> 00:00:02.000")
    return _timed(rows)


PARSERS: Mapping[str, Callable[[str], list[TimedWord]]] = {
    ".textgrid": parse_textgrid,
    ".ctm": parse_ctm,
    ".json": parse_json,
    ".srt": parse_subtitles,
    ".vtt": parse_subtitles,
}


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _timed(rows: Iterable[tuple[str, Seconds, Seconds]]) -> list[TimedWord]:
    """Sorted by time, without silences. Raises ValueError for impossible times."""
    words = []
    for text, start_s, end_s in rows:
        if not (math.isfinite(start_s) and math.isfinite(end_s) and 0 <= start_s <= end_s):
            raise ValueError(f"word {text[:40]!r} from {start_s} s to {end_s} s; expected 0 <= start <= end")
        if text.strip().lower() not in _SILENCES:
            words.append(TimedWord(text.strip(), start_s, end_s))
    return sorted(words, key=lambda word: (word.start_s, word.end_s))


def _number(cell: str, where: str) -> float:
    try:
        return float(cell)
    except ValueError as error:
        raise ValueError(f"{where}: {cell[:40]!r} is not a number of seconds") from error


def _praat_items(text: str) -> list[str | float]:
    """Strings and numbers in order; names, ``=`` and indices of the long form are skipped."""
    items: list[str | float] = []
    for string, number, _ in _PRAAT_ITEM.findall(text):
        items.append(float(number) if number else string.replace('""', '"'))
    return items[2:]  # file type and object class


def _interval_tiers(items: list[str | float]) -> list[tuple[str, list[tuple[str, Seconds, Seconds]]]]:
    """Interval tiers by name; the items are: start, end, <exists>, count, then each tier."""
    tiers = []
    place = 4
    try:
        while place < len(items):
            kind, name, count = str(items[place]), str(items[place + 1]), int(float(items[place + 4]))
            place, width = place + 5, 3 if kind == "IntervalTier" else 2
            rows = [items[place + width * i : place + width * (i + 1)] for i in range(count)]
            place += width * count
            if kind == "IntervalTier":
                tiers.append((name, [(str(label), float(start), float(end)) for start, end, label in rows]))
    except (IndexError, ValueError) as error:
        raise ValueError("damaged TextGrid; save it again as text from Praat") from error
    return tiers


def _json_words(content: Any) -> list[Any]:
    if isinstance(content, list):
        return content
    if isinstance(content, dict) and isinstance(content.get("words"), list):
        return content["words"]
    if isinstance(content, dict) and isinstance(content.get("segments"), list):
        return [word for segment in content["segments"] for word in _json_words(segment)]
    raise ValueError('no list of words; expected [{"word": "hello", "start": 0.1, "end": 0.4}, ...]')


def _json_row(item: Any) -> tuple[str, Seconds, Seconds] | None:
    word = next((item[key] for key in ("word", "text") if key in item), None) if isinstance(item, dict) else None
    if not isinstance(word, str):
        raise ValueError(f'{str(item)[:60]!r} is not a word; expected {{"word": "hello", "start": 0.1, "end": 0.4}}')
    times = [next((item[key] for key in (name, f"{name}_s") if item.get(key) is not None), None) for name in _ENDS]
    if None in times:
        return None
    start_s, end_s = (_number(str(time), f"word {word[:40]!r}") for time in times)
    return word, start_s, end_s


_ENDS = ("start", "end")


def _after_number(block: str) -> tuple[str, str, str]:
    """Time line and text of a cue that begins with its number or name."""
    return block.partition("\n")[2].partition("\n")


def _cue_words(body: str, start_s: Seconds, end_s: Seconds) -> list[tuple[str, Seconds, Seconds]]:
    parts = _INLINE_TIME.split(_TAG.sub("", body))
    bounds_s = [start_s, *(_clock(time) for time in parts[1::2]), end_s]
    rows = []
    for part, begin_s, until_s in zip(parts[::2], bounds_s[:-1], bounds_s[1:], strict=True):
        words = part.split()
        letters = sum(map(len, words))
        for word in words:
            stop_s = begin_s + (until_s - begin_s) * len(word) / letters
            rows.append((word, begin_s, stop_s))
            begin_s, letters = stop_s, letters - len(word)
    return rows


def _clock(time: str) -> Seconds:
    seconds = 0.0
    for part in time.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
