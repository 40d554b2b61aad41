"""The log of a run whose output goes to a file: a line for each message, folded nowhere, so that it can be searched."""

import logging
import sys
from typing import TextIO

from kedro.logging import RichHandler

_FORMAT = "%(asctime)s %(levelname)-8s %(message)s"
_TIMES = "%Y-%m-%d %H:%M:%S"


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes to whatever is the output at the moment, as ``print`` does."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(logging.Formatter(_FORMAT, _TIMES))

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """The output."""
        return sys.stdout


def unfold_log(root: logging.Logger | None = None) -> None:
    """Puts a plain handler in the place of Kedro's, which folds at 80 columns where there is no terminal.

    Args:
        root: the logger whose handlers are meant; all messages' if left out.
    """
    if sys.stdout.isatty():
        return
    root = logging.getLogger() if root is None else root
    for folding in [handler for handler in root.handlers if isinstance(handler, RichHandler)]:
        plain = _LineHandler()
        plain.setLevel(folding.level)
        for each in folding.filters:
            plain.addFilter(each)
        root.removeHandler(folding)
        root.addHandler(plain)
