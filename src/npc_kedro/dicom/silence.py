"""Keeps pydicom from talking about the files it reads."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_NOWHERE = logging.NullHandler()


@contextmanager
def silenced() -> Iterator[None]:
    """Drops pydicom's warnings and log records, those of its modules too, for the duration of the block.

    They quote the values they complain of, a patient's name among them, at a moment when no filter can know that name.
    Nothing is lost: what matters is checked by this package and ends as a reason code.
    """
    library = logging.getLogger("pydicom")
    before = (library.disabled, library.propagate, library.handlers)
    # Disabled alone it would still hand on the records of pydicom.pixels and others below it.
    library.disabled, library.propagate, library.handlers = True, False, [_NOWHERE]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        library.disabled, library.propagate, library.handlers = before
