"""The images that a contour or a frame of a segmentation says it was drawn on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.dicom.tags import text


@dataclass(frozen=True)
class ImagesNamed:
    """Images.

    Attributes:
        instance_keys: pseudonyms of their SOPInstanceUIDs.
        frames: with such a pseudonym, the number (from 1) of a frame of that file, where one is named.
    """

    instance_keys: frozenset[str]
    frames: frozenset[tuple[str, int]] = frozenset()


def images_named(items: Iterable[Any], pseudonyms: Pseudonyms) -> ImagesNamed:
    """The images of items with ReferencedSOPInstanceUID and, for multi-frame files, ReferencedFrameNumber."""
    keys, frames = set(), set()
    for item in items:
        key = pseudonyms.instance(text(item, "ReferencedSOPInstanceUID"))
        keys.add(key)
        frames |= {(key, number) for number in _numbers(item)}
    return ImagesNamed(frozenset(keys), frozenset(frames))


def _numbers(item: Any) -> Iterator[int]:
    for part in text(item, "ReferencedFrameNumber").split("\\"):
        if part.strip().isdecimal():
            yield int(part)
