"""Keeps known identifiers out of log records."""

import logging
import re
import traceback
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from npc_kedro.errors import StudyError

REDACTED = "[redacted]"

_SHORTEST = 3
"""Identifiers below this length are not sought: "1" would black out every count in the log."""

_HAN = re.compile(r"[\u3400-\u9fff]{2,}")
"""Chinese names have two signs, and the text round them parts no words by blanks."""


_RUNNING_NUMBER = re.compile(r"[1-9]\d{0,3}", re.ASCII)
"""The program writes such numbers too, but none with a zero in front."""

_OWN = __name__.partition(".")[0]


class IdentifierFilter(logging.Filter):
    """A log filter that replaces known identifiers, whole words only, in messages, arguments and tracebacks.

    An underscore ends a word, Chinese names are sought anywhere, and accents may be written as signs of their own. In
    what the program itself says, numbers up to four digits are counts and rows, though patients may be numbered from 1
    on: there they are sought only where they are part of a path or a name (``/101/``, ``101_T1``).
    """

    def __init__(self, identifiers: Iterable[str] = ()) -> None:
        super().__init__()
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._pattern_of_own: re.Pattern[str] | None = None
        self.add(identifiers)

    def add(self, identifiers: Iterable[str]) -> None:
        """Learns more identifiers. A name such as ``DOE^JANE`` is sought whole and by its parts."""
        words = {part for text in identifiers for part in {text.strip(), *re.split(r"[\^=\s]+", text)}}
        words = {unicodedata.normalize(form, word) for word in words for form in ("NFC", "NFD")} | words
        fresh = {word for word in words if len(word) >= _SHORTEST or _HAN.fullmatch(word)} - self._known
        if fresh:
            self._known |= fresh
            longest_first = sorted(self._known, key=lambda word: (-len(word), word))
            han, numbers, others = (
                "|".join(re.escape(word) for word in longest_first if _kind(word) == kind) or "(?!)"
                for kind in ("han", "running number", "other")
            )
            start, end = r"(?<![^\W_])", r"(?![^\W_])"
            sought = rf"{start}(?:{others}){end}|(?:{han})"
            joined = rf"(?<=[/\\_^])(?:{numbers}){end}|{start}(?:{numbers})(?=[/\\_^])"
            self._pattern = re.compile(rf"{sought}|{start}(?:{numbers}){end}", flags=re.IGNORECASE)
            self._pattern_of_own = re.compile(rf"{sought}|{joined}", flags=re.IGNORECASE)

    def redact(self, text: str) -> str:
        """``text`` without any known identifier."""
        return self._pattern.sub(REDACTED, text) if self._pattern else text

    def redact_own(self, text: str) -> str:
        """What the program itself says, without any known identifier; its counts and numbers of rows stay."""
        return self._pattern_of_own.sub(REDACTED, text) if self._pattern_of_own else text

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass, redacted. A traceback becomes text, since handlers would print it from the frames."""
        message, redact = record.getMessage(), self.redact
        if record.name.partition(".")[0] == _OWN and not record.exc_info:
            redact = self.redact_own
        if record.exc_info:
            kind, error, trace = record.exc_info
            message += "\n" + "".join(traceback.format_exception(kind, error, trace))
            record.exc_info, record.exc_text = None, None
        record.msg, record.args = redact(message), ()
        return True


def _kind(word: str) -> str:
    if _HAN.fullmatch(word):
        return "han"
    return "running number" if _RUNNING_NUMBER.fullmatch(word) else "other"


@contextmanager
def redacting(identifiers: Iterable[str] = ()) -> Iterator[IdentifierFilter]:
    """Puts an :class:`IdentifierFilter` on every log handler for the duration of the block, and on what it raises.

    Handlers, not loggers: a logger's filter does not see the records of the loggers below it. An exception that leaves
    the block, and all that led to it, loses known identifiers and the names of files, which may hold others.
    """
    guard = IdentifierFilter(identifiers)
    named = (logging.getLogger(name) for name in list(logging.root.manager.loggerDict))
    handlers = {handler for logger in (logging.root, *named) for handler in logger.handlers}
    for handler in handlers:
        handler.addFilter(guard)
    try:
        yield guard
    except Exception as error:
        _redact_error(error, guard)
        raise
    finally:
        for handler in handlers:
            handler.removeFilter(guard)


def _redact_error(error: BaseException | None, guard: IdentifierFilter) -> None:
    while error is not None:
        redact = guard.redact_own if isinstance(error, StudyError) else guard.redact
        error.args = tuple(redact(part) if isinstance(part, str) else part for part in error.args)
        if isinstance(error, OSError) and error.filename is not None:
            error.filename, error.filename2 = REDACTED, None
        error = error.__cause__ or error.__context__
