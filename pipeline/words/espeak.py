"""Pronunciations by espeak-ng, loaded from its wheel through ctypes."""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pipeline.core.errors import MissingDependencyError

_SYNCHRONOUS, _UTF8, _IPA = 2, 1, 0x02
_SEPARATOR = "_"


def to_ipa(words: Sequence[str], voice: str) -> list[str]:
    """Pronounce words one by one, in the International Phonetic Alphabet with ``_`` between the sounds.

    Args:
        words: words; espeak spells out acronyms.
        voice: name of an espeak voice, such as ``en-us``.

    Raises:
        MissingDependencyError: espeak-ng cannot be loaded, or lacks the voice.
    """
    with loaded_espeak(voice) as espeak:
        espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
        return [_pronounce(espeak, word) for word in words]


@contextmanager
def loaded_espeak(voice: str, *, options: int = 0) -> Iterator[ctypes.CDLL]:
    """Load espeak-ng for a short while: its state is global, and carries over from one sentence to the next.

    Args:
        voice: name of an espeak voice.
        options: of ``espeak_Initialize``.

    Raises:
        MissingDependencyError: espeak-ng cannot be loaded, or lacks the voice.
    """
    try:
        import espeakng_loader

        espeak = ctypes.CDLL(espeakng_loader.get_library_path())
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            f"espeak-ng cannot be loaded ({error}); install it: pip install espeakng-loader"
        ) from error
    try:
        data = espeakng_loader.get_data_path().encode()
        is_started = espeak.espeak_Initialize(_SYNCHRONOUS, 0, data, options) > 0
        if not is_started or espeak.espeak_SetVoiceByName(voice.encode()) != 0:
            raise MissingDependencyError(
                f"espeak-ng does not start with the voice {voice} at {data.decode()}; reinstall espeakng-loader"
            )
        yield espeak
    finally:
        espeak.espeak_Terminate()
        ctypes.CDLL(None).dlclose(ctypes.c_void_p(espeak._handle))


def _pronounce(espeak: ctypes.CDLL, word: str) -> str:
    rest = ctypes.c_char_p(word.encode())
    parts = []
    while rest.value:  # espeak returns one clause per call and advances the pointer; None at the end
        phonemes = espeak.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA | ord(_SEPARATOR) << 8)
        parts.append(phonemes.decode() if phonemes else "")
    return _SEPARATOR.join(part.strip() for part in parts if part.strip())
