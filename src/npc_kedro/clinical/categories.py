"""Which texts are plain clinical categories: words and codes of a vocabulary, and nothing else.

A name could be anything, so no list of names is ever complete. What a category may say can be listed: ``never``,
``left side``, ``WHO type III``, ``T3N1``, ``<50``, ``++``. A text is a category if it is a code as a whole, or if each
of its parts is a word or a short code.
"""

import re
import unicodedata
from collections.abc import Sequence

_HAN = r"\u3040-\u30ff\u3400-\u9fff"
_JOINERS = re.compile(
    rf"[\s_/,;:()\[\]&+-]+|\.(?!\d)|(?<=[{_HAN}])(?=[^{_HAN}\W])|(?<=[^{_HAN}\W])(?=[{_HAN}])", re.ASCII
)
_PART = re.compile(r"[a-z]?\d{1,2}[a-z]?|\d{1,3}(\.\d{1,2})?|(i{1,3}|iv|vi{0,3}|ix|x)[a-d]?|[a-z]")
_LONGEST = 48
_MOST_DIGITS = 6
_BEFORE, _AFTER = "有无無不未非曾已", "史性型期级級度"
"""Single Chinese signs that may stand before and after words of two and more: ``无吸烟史``."""


def folded(text: str) -> str:
    """Without case, width and accents: ``Négatif`` and ``negatif`` are one."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(sign for sign in plain if not unicodedata.combining(sign))).strip()


class Vocabulary:
    """The words and codes of categories.

    Args:
        words: each text holds any number of words, parted by blanks.
        codes: regular expressions that a whole text matches.
    """

    def __init__(self, words: Sequence[str], codes: Sequence[str]) -> None:
        self._words = {folded(word) for line in words for word in line.split()}
        self._codes = [re.compile(f"(?:{code})", re.IGNORECASE) for code in codes]
        long = sorted((word for word in self._words if len(word) > 1 and _is_han(word)), key=len, reverse=True)
        joined = "|".join(map(re.escape, long)) or "(?!)"
        self._compound = re.compile(f"[{_BEFORE}]?(?:(?:{joined})[{_AFTER}]?)+")

    def holds(self, text: str) -> bool:
        """Whether a text is a plain category.

        Single letters and single Chinese signs are initials and names if there are several: one is allowed.
        """
        plain = folded(text)
        if not plain or len(plain) > _LONGEST or sum(sign.isdigit() for sign in plain) > _MOST_DIGITS:
            return False
        if any(code.fullmatch(plain) for code in self._codes):
            return True
        parts = [part for part in _JOINERS.split(plain) if part]
        words = [part for part in parts if self._is_word(part)]
        others = [part for part in parts if not self._is_word(part)]
        single = sum(len(part) == 1 and not part.isdigit() for part in parts)
        return (
            (len(parts) == 1 or bool(words))
            and single <= 1
            and len(others) <= 2
            and all(_PART.fullmatch(part) for part in others)
            and re.fullmatch(rf"[\w\s{re.escape('/,;:()[]&+.-')}]+", plain) is not None
            and plain[0] not in "-=+@"
        )

    def _is_word(self, part: str) -> bool:
        return part in self._words or self._compound.fullmatch(part) is not None


def _is_han(word: str) -> bool:
    return re.fullmatch(f"[{_HAN}]+", word) is not None
