"""Universal labels as words: polarity, intensity, MELD emotion, IEMOCAP emotion, such as "positive 1.8 joy, excited".

A field that a row lacks is "unknown". The label is built and parsed here; no torch is needed for it. Order of the
fields: the published pipeline of Hu et al., "UniMSE", EMNLP 2022.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Polarity = Literal["negative", "neutral", "positive"]
#: A field besides the polarity, which every label has.
FieldName = Literal["intensity", "meld", "iemocap"]

#: In the order in which a label names them.
FIELDS: tuple[FieldName, ...] = ("intensity", "meld", "iemocap")
POLARITIES: tuple[Polarity, ...] = ("negative", "neutral", "positive")
UNKNOWN = "unknown"

#: The polarities that go with an emotion. MELD's own tables have no other pairs; IEMOCAP states none.
EMOTIONS: Mapping[str, Mapping[str, tuple[Polarity, ...]]] = MappingProxyType(
    {
        "meld": MappingProxyType(
            {
                "neutral": ("neutral",),
                "joy": ("positive",),
                "surprise": ("positive", "negative"),
                "anger": ("negative",),
                "sadness": ("negative",),
                "disgust": ("negative",),
                "fear": ("negative",),
            }
        ),
        "iemocap": MappingProxyType(
            {
                "neutral": ("neutral",),
                "happy": ("positive",),
                "excited": ("positive",),
                "sad": ("negative",),
                "angry": ("negative",),
                "frustrated": ("negative",),
            }
        ),
    }
)

#: An intensity in words; tokenizers may leave spaces about the point.
SIZE = r"[0-9]{1,3}\s*\.\s*[0-9]"


@dataclass(frozen=True)
class UniversalLabel:
    """One label; None if a field is unknown.

    Attributes:
        polarity: negative, neutral or positive.
        tenths: intensity with its sign, counted in tenths: the grid has one decimal.
        meld: emotion in MELD's words.
        iemocap: emotion in IEMOCAP's words.
    """

    polarity: Polarity
    tenths: int | None = None
    meld: str | None = None
    iemocap: str | None = None

    def __post_init__(self) -> None:
        """Check that the fields agree.

        Raises:
            ValueError: the intensity's sign or an emotion does not go with the polarity.
        """
        if self.tenths is not None and polarity_of(self.tenths) != self.polarity:
            message = f"intensity {self.tenths / 10} is not {self.polarity}"
            raise ValueError(message)
        for taxonomy, emotion in (("meld", self.meld), ("iemocap", self.iemocap)):
            if emotion is not None and self.polarity not in EMOTIONS[taxonomy].get(emotion, ()):
                message = f"{taxonomy} emotion {emotion!r} does not go with polarity {self.polarity}"
                raise ValueError(message)


def polarity_of(score: float | int) -> Polarity:
    """The sign of a score in words."""
    return "negative" if score < 0 else "positive" if score > 0 else "neutral"


def size_text(tenths: int) -> str:
    """The size of an intensity in words: one decimal, without the sign, which is the polarity."""
    return f"{abs(tenths) // 10}.{abs(tenths) % 10}"


def size_tenths(size: str, polarity: str) -> int:
    """The intensity in tenths of a polarity and a text of the pattern ``SIZE``."""
    tenths = int(re.sub(r"[\s.]", "", size))
    return -tenths if polarity == "negative" else tenths


def emotions_of(taxonomy: str, polarity: str) -> tuple[str, ...]:
    """The emotions that go with a polarity."""
    return tuple(name for name, polarities in EMOTIONS[taxonomy].items() if polarity in polarities)


def universal_text(label: UniversalLabel, fields: Sequence[FieldName] = FIELDS) -> str:
    """The label in words: polarity, then the chosen fields in the order of ``FIELDS``, a comma between emotions."""
    size = UNKNOWN if label.tenths is None else size_text(label.tenths)
    emotions = {"meld": label.meld or UNKNOWN, "iemocap": label.iemocap or UNKNOWN}
    words = ", ".join(word for field, word in emotions.items() if field in fields)
    return " ".join(filter(None, [label.polarity, size if "intensity" in fields else "", words]))


def parse_universal(text: str, fields: Sequence[FieldName] = FIELDS) -> UniversalLabel:
    """The label that a text names; spaces about point and comma, as some tokenizers leave them, do not count.

    Raises:
        ValueError: the text is no label of these fields.
    """
    sizes = [rf"(?P<intensity>{SIZE}|{UNKNOWN})"] if "intensity" in fields else []
    emotions = [f"(?P<{name}>{'|'.join([*EMOTIONS[name], UNKNOWN])})" for name in EMOTIONS if name in fields]
    patterns = [r"\s*,\s*".join(emotions)] if emotions else []
    match = re.fullmatch(r"\s+".join([f"(?P<polarity>{'|'.join(POLARITIES)})", *sizes, *patterns]), text.strip())
    if match is None:
        message = f"{text!r} is no label; expected words such as {universal_text(UniversalLabel('neutral'), fields)!r}"
        raise ValueError(message)
    words = {name: None if word == UNKNOWN else word for name, word in match.groupdict().items()}
    polarity: Polarity = next(name for name in POLARITIES if name == words["polarity"])
    size = words.get("intensity")
    tenths = None if size is None else size_tenths(size, polarity)
    return UniversalLabel(polarity, tenths, words.get("meld"), words.get("iemocap"))


def label_space(label_range: tuple[float, float], fields: Sequence[FieldName] = FIELDS) -> list[UniversalLabel]:
    """Every label of some fields, unknown values included.

    Args:
        label_range: lowest and highest intensity.
        fields: the fields that vary; the others stay unknown.
    """
    low, high = round(label_range[0] * 10), round(label_range[1] * 10)
    labels = []
    for polarity in POLARITIES:
        grid = [tenths for tenths in range(low, high + 1) if polarity_of(tenths) == polarity]
        sizes: list[int | None] = [*grid, None] if "intensity" in fields else [None]
        meld, iemocap = ([*emotions_of(t, polarity), None] if t in fields else [None] for t in ("meld", "iemocap"))
        labels += [UniversalLabel(polarity, size, m, i) for size in sizes for m in meld for i in iemocap]
    return labels
