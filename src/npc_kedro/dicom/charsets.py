"""Chinese text in files that declare no character set, or another one."""

import re

_HIGH = re.compile(rb"[\x80-\xff]+")
_CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\0-\x7f]*")
"""Chinese characters, their punctuation and wide forms, and ASCII."""

_COMMON = range(0xA1, 0xD8)
"""First bytes of GB 2312's punctuation and of its signs in common use (level 1); small Western letters lie above."""


def chinese(content: bytes) -> str | None:
    """The text in UTF-8 or GB18030, if the bytes can hardly be anything else; otherwise None."""
    runs = _HIGH.findall(content)
    paired = all(len(run) % 2 == 0 for run in runs)  # Western letters stand alone
    firsts = [byte for run in runs for byte in run[::2]]
    common = 2 * sum(byte in _COMMON for byte in firsts) >= len(firsts)
    for encoding in ("utf-8", *(("gb18030",) if paired and common else ())):
        try:
            decoded = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CHINESE.fullmatch(decoded):
            return decoded
    return None
