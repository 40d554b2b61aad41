"""Which encoding a text file is in. Western and Chinese single files look alike to a decoder; their bytes do not."""

import re

from npc_kedro.errors import CohortError

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

_CHINESE, _WESTERN = "gb18030", "cp1252"


def decoded(content: bytes, file: str, *, encoding: str = "", adjustable: bool = True) -> str:
    """The text of a file.

    UTF-16 and UTF-8 are recognised with certainty. Among the rest, Chinese text (GB18030) has its high bytes in pairs
    and Western text (Windows-1252, of which Latin-1 is a part) has them alone, between ASCII letters. Two in a row are
    Western all the same if they stand within words and would be Chinese signs that hardly occur, as in ``Größe``. The
    sign by which DOS ended files goes.

    Args:
        content: the file's bytes.
        file: its name, for the message.
        encoding: the encoding, if the user knows it.
        adjustable: whether the configuration can name this file's encoding.

    Raises:
        CohortError: if no encoding fits, or the one given does not.
    """
    for candidate in (encoding,) if encoding else _candidates(content):
        try:
            text = content.decode(candidate)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            return re.sub(r"\x1a\s*\Z", "", text.removeprefix("\ufeff"))
    tried = (
        f"not {encoding}, as ingest.clinical.encoding says" if encoding else "neither UTF-8, GB18030 nor Latin-1 text"
    )
    msg = f"{file} is {tried}; save it as 'CSV UTF-8'"
    msg += ", or name its encoding in ingest.clinical.encoding" if adjustable else ""
    raise CohortError(msg)


def _candidates(content: bytes) -> list[str]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return [encoding]
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", content)]
    lone, paired = sum(length == 1 for length in runs), sum(length % 2 == 0 for length in runs)
    western = lone > paired or _pairs_within_words(content)
    return ["utf-8", *((_WESTERN, "latin-1") if western else (_CHINESE, _WESTERN))]


def _pairs_within_words(content: bytes) -> bool:
    """Whether all high bytes are letters beside ASCII letters, and few of them a Chinese sign in common use.

    The signs in common use (level 1 of GB 2312) have a first byte from B0 to D7.
    """
    pairs = [run for run in re.findall(rb"[\x80-\xff]+", content) if len(run) % 2 == 0]
    common = sum(0xB0 <= byte <= 0xD7 for run in pairs for byte in run[::2])
    if 2 * common >= sum(len(run) // 2 for run in pairs):
        return False
    words = re.findall(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*", content)
    texts = [word.decode(_WESTERN, "replace") for word in words]
    return all(text.isalpha() and re.search(r"[A-Za-z]", text) is not None for text in texts)
