"""Spells out numbers: plain, decimal, ordinal, years, decades, clock times, percent and money."""

import re

_MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
}
_SCALES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion"}
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+"
_ENGLISH = re.compile(
    rf"(?P<money>[$£€¥])(?P<amount>{_NUMBER})(?P<scale>bn|[kmb])?(?![a-z0-9])"
    r"|(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?!\d)"
    r"|(?P<decade>(?:\d\d)?\d0)'?s(?![a-z])"
    r"|(?P<ordinal>\d+)(?:st|nd|rd|th)(?![a-z])"
    rf"|(?P<percent>{_NUMBER})%"
    rf"|(?P<plain>{_NUMBER})"
)
_HAN_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))


def spell_numbers(text: str, language: str) -> str:
    """Replace every number by words with spaces around them.

    English supports money, clock times, decades, ordinals and percent. In Chinese each digit becomes a character. Other
    languages use num2words; digits stay if it does not support the language.

    Args:
        text: lower case.
        language: first part of a BCP 47 code.
    """
    if language in ("zh", "ja"):
        return "".join(_HAN_DIGITS.get(char, char) for char in text)
    if language == "en":
        return _ENGLISH.sub(lambda match: f" {_english(match)} ", text)
    return re.sub(r"\d+(?:[.,]\d+)?", lambda match: f" {_cardinal(match.group(), language)} ", text)


def _english(match: re.Match[str]) -> str:
    groups = {name: value for name, value in match.groupdict().items() if value is not None}
    if "money" in groups:
        return _money(groups["money"], groups["amount"], groups.get("scale"))
    if "hour" in groups:
        return _clock(groups["hour"], groups["minute"])
    if "decade" in groups:
        return _plural(_year(groups["decade"]))
    if "ordinal" in groups:
        return _say(int(groups["ordinal"]), "en", "ordinal")
    if "percent" in groups:
        return f"{_cardinal(groups['percent'], 'en')} percent"
    return _plain(groups["plain"])


def _plain(number: str) -> str:
    if re.fullmatch(r"1[1-9]\d\d|20[1-9]\d", number):
        return _year(number)
    if re.fullmatch(r"0\d+|\d{8,}", number):  # a code or a telephone number
        return " ".join(_cardinal(digit, "en") for digit in number)
    return _cardinal(number, "en")


def _money(symbol: str, amount: str, scale: str | None) -> str:
    one, many, small_one, small_many = _MONEY[symbol]
    if scale:
        return f"{_cardinal(amount, 'en')} {_SCALES[scale]} {many}"
    whole, _, part = amount.replace(",", "").partition(".")
    words = f"{_cardinal(whole or '0', 'en')} {one if whole == '1' else many}"
    cents = int(part.ljust(2, "0")[:2]) if part else 0
    return f"{words} {_cardinal(str(cents), 'en')} {small_one if cents == 1 else small_many}" if cents else words


def _clock(hour: str, minute: str) -> str:
    if minute == "00":
        return _cardinal(hour, "en")
    oh = "oh " if minute.startswith("0") else ""
    return f"{_cardinal(hour, 'en')} {oh}{_cardinal(minute.lstrip('0'), 'en')}"


def _year(digits: str) -> str:
    return _say(int(digits), "en", "year" if len(digits) == 4 else "cardinal")


def _plural(words: str) -> str:
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _cardinal(number: str, language: str) -> str:
    plain = number.replace(",", "") if language == "en" else number.replace(",", ".")
    return _say(float(plain) if "." in plain else int(plain), language, "cardinal")


def _say(number: int | float, language: str, form: str) -> str:
    from num2words import num2words

    try:
        words = num2words(number, lang=language, to=form)
    except (NotImplementedError, OverflowError):
        return f"{number:g}"
    words = re.sub(r"[-,]", " ", words).lower()
    return words.replace(" and ", " ") if language == "en" else words
