"""Texts as patterns see them: what hospitals write in many scripts and signs, in one plain spelling."""

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]")
_HAN_KANA_HANGUL = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_BESIDE_HAN = re.compile(f"(?<=[{_HAN_KANA_HANGUL}])(?=[A-Za-z0-9+(-])|(?<=[A-Za-z0-9+)-])(?=[{_HAN_KANA_HANGUL}])")


def usual_width(written: str) -> str:
    """A text in usual width, with blanks for underscores: to a regular expression an underscore is a letter."""
    return (written if written.isascii() else unicodedata.normalize("NFKC", written)).replace("_", " ")


def plain_spelling(written: str) -> str:
    """A text in usual width, without accents, and with blanks around East Asian words.

    To a regular expression a Chinese sign is a letter like any other, and no word would end beside it.
    """
    usual = usual_width(written)
    if usual.isascii():
        return usual
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", usual)))
    return _BESIDE_HAN.sub(" ", bare)
