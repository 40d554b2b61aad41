"""Where a dataset lies, as Kedro-Viz and error messages may show it: without the folders of the machine."""

import re
from pathlib import PurePath, PurePosixPath

_LAYER = re.compile(r"\d\d_[a-z_]+")


def shown(path: str | PurePath) -> str:
    """The path from its layer's folder on, below the words ``data_root``; the name alone where there is no layer."""
    parts = PurePosixPath(path).parts
    layers = [place for place, part in enumerate(parts) if _LAYER.fullmatch(part)]
    return "/".join(("data_root", *parts[layers[-1] :])) if layers else parts[-1]
