"""The label grammars, which read what a model says."""

from models._unimse.label_grammar import label_text, parse_label
from models.layers.universal_label import FIELDS, parse_universal, universal_text

SEEDS = [
    b"positive 1.8", b"negative 0 . 4 sadness", b"neutral 0.0 neutral , neutral", b"positive unknown joy, excited",
    b"positive 3.0 surprise, happy", b"negative 12.5 unknown, frustrated", "positive \u0661.\u0661".encode(),
]  # fmt: skip


def check(data: bytes) -> None:
    """Parse the text both ways; a valid label must survive formatting and parsing."""
    text = data.decode("utf-8", "replace")
    _check_plain(text)
    _check_universal(text)


def _check_plain(text: str) -> None:
    try:
        sentiment, emotion = parse_label(text)
    except ValueError as error:
        _expect(error, "no label")
        return
    again = parse_label(label_text(round(sentiment * 10), emotion))
    if again != (sentiment, emotion):
        message = f"{text!r} is {sentiment, emotion}, then {again}"
        raise RuntimeError(message)


def _check_universal(text: str) -> None:
    for fields in (FIELDS, FIELDS[:1], FIELDS[1:], ()):
        try:
            label = parse_universal(text, fields)
        except ValueError as error:
            _expect(error, "no label", "does not go with", "is not")
            continue
        if parse_universal(universal_text(label, fields), fields) != label:
            message = f"{text!r} is {label}, then another"
            raise RuntimeError(message)


def _expect(error: ValueError, *phrases: str) -> None:
    """The grammars refuse what is no label with a message of their own; any other ValueError is a bug."""
    if not any(phrase in str(error) for phrase in phrases):
        raise error
