"""Pronunciations of unknown English words: espeak-ng's IPA written in CMUdict's ARPAbet.

Source: the CMU Pronouncing Dictionary's 39 phonemes, http://www.speech.cs.cmu.edu/cgi-bin/cmudict.
"""

import re
from collections.abc import Sequence

from pipeline.words.espeak import to_ipa

#: espeak's American English, and the sounds of borrowed words.
_ARPABET = {
    "aɪɚ": "AY ER",
    "aɪə": "AY AH",
    "aʊɚ": "AW ER",
    "ɔːɹ": "AO R",
    "ɑːɹ": "AA R",
    "tʃ": "CH",
    "dʒ": "JH",
    "aɪ": "AY",
    "aʊ": "AW",
    "eɪ": "EY",
    "oʊ": "OW",
    "əʊ": "OW",
    "ɔɪ": "OY",
    "ɛɹ": "EH R",
    "ɪɹ": "IH R",
    "ʊɹ": "UH R",
    "oːɹ": "AO R",
    "ɜː": "ER",
    "iː": "IY",
    "uː": "UW",
    "ɑː": "AA",
    "ɔː": "AO",
    "oː": "OW",
    "eː": "EY",
    "aː": "AA",
    "əl": "AH L",
    "ɚ": "ER",
    "ɝ": "ER",
    "ɜ": "ER",
    "æ": "AE",
    "a": "AE",
    "ɐ": "AH",
    "ʌ": "AH",
    "ə": "AH",
    "ɑ": "AA",
    "ɒ": "AA",
    "ɔ": "AO",
    "ɛ": "EH",
    "e": "EH",
    "ɪ": "IH",
    "ᵻ": "IH",
    "i": "IY",
    "o": "OW",
    "ʊ": "UH",
    "u": "UW",
    "y": "UW",
    "b": "B",
    "d": "D",
    "ð": "DH",
    "f": "F",
    "ɡ": "G",
    "g": "G",
    "h": "HH",
    "j": "Y",
    "k": "K",
    "l": "L",
    "ɫ": "L",
    "m": "M",
    "n": "N",
    "ɲ": "N Y",
    "ŋ": "NG",
    "p": "P",
    "ɹ": "R",
    "r": "R",
    "s": "S",
    "ʃ": "SH",
    "t": "T",
    "ɾ": "T",
    "ʔ": "T",
    "θ": "TH",
    "v": "V",
    "w": "W",
    "x": "K",
    "ç": "HH",
    "z": "Z",
    "ʒ": "ZH",
}
_SOUND = re.compile("|".join(sorted(map(re.escape, _ARPABET), key=len, reverse=True)))


def pronounce(words: Sequence[str]) -> list[str]:
    """Guess the ARPAbet pronunciation of English words.

    Args:
        words: lower case.

    Returns:
        Phonemes separated by spaces; empty for a word without pronunciation.

    Raises:
        MissingDependencyError: espeak-ng cannot be loaded.
    """
    return [to_arpabet(ipa) for ipa in to_ipa(words, "en-us")]


def to_arpabet(ipa: str) -> str:
    """Convert IPA to ARPAbet; stress, separators and unknown symbols are dropped."""
    return " ".join(_ARPABET[sound] for sound in _SOUND.findall(re.sub(r"[ˈˌ_\s]", "", ipa)))
