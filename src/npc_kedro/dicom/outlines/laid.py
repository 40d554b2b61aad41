"""What laying an outline on slices gives, whatever format the outline came in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.outlines.grid import describe_slices
from npc_kedro.dicom.outlines.rules import LABELS
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

_MOST_OFF = 0.5
"""Share of contours that may lie on no slice (a damaged slice takes its contours with it); with more, it is refused."""

_OFF = (RejectReason.CONTOUR_OFF_SLICES, RejectReason.CONTOUR_OUTSIDE, RejectReason.CONTOUR_FAR_OUT)


@dataclass(frozen=True)
class Remarks:
    """What somebody should look at, though the outline is used.

    Attributes:
        unused: numbers of drawn structures that are not used, though their names speak of tumour or nodes.
        contradicted: numbers of structures in use of which one name says primary and another one node.
        across_frames: whether it was drawn in another frame of reference, and used by the file's or the user's word.
        joined: how many contours cross others of their slice, and are used together with them.
        hollowed: how many contours lose more than half of what they enclose to one inside them.
        cut: how many contours reach beyond the image's border.
    """

    unused: tuple[int, ...] = ()
    contradicted: tuple[int, ...] = ()
    across_frames: bool = False
    joined: int = 0
    hollowed: int = 0
    cut: int = 0


@dataclass(frozen=True)
class LaidOutline:
    """An outline on its patient's slices.

    Attributes:
        planes: uint8 (rows, columns) per slice: 0 background, 1 primary, 2 node.
        structures: how many structures (ROIs, segments, labels) the file holds.
        structures_refused: one reason for each that is not used.
        contours: how many contours (frames, labelled planes) the structures in use have.
        contours_refused: one reason for each that is not used.
        overlap_px: pixels that primary and node both claimed; they are primary.
        twice_px: pixels that several structures of one meaning claimed, as those of two readers would.
        remarks: what else is doubtful.
    """

    planes: list[np.ndarray]
    structures: int
    structures_refused: tuple[RejectReason, ...]
    contours: int
    contours_refused: tuple[RejectReason, ...]
    overlap_px: int
    twice_px: int = 0
    remarks: Remarks = field(default_factory=Remarks)


class Structures:
    """What structures of one meaning claim together.

    Args:
        slices: how many there are.

    Attributes:
        masks: ``primary`` and ``node``, as far as there are any, to one mask per slice, or None.
        twice_px: pixels that several structures of one meaning claim.
    """

    def __init__(self, slices: int) -> None:
        self._slices = slices
        self.masks: dict[str, list[np.ndarray | None]] = {}
        self.twice_px = 0

    def add(self, meaning: str, masks: Sequence[np.ndarray | None]) -> None:
        """Takes in a structure: a mask per slice, or None where it has nothing."""
        together = self.masks.setdefault(meaning, [None] * self._slices)
        for index, mask in enumerate(masks):
            before = together[index]
            if mask is None:
                continue
            if before is not None:
                self.twice_px += int(np.count_nonzero(before & mask))
            together[index] = mask if before is None else before | mask


def merged(
    structures: Mapping[str, Sequence[np.ndarray | None]], geometries: Sequence[SliceGeometry]
) -> tuple[list[np.ndarray], int]:
    """One label image per slice; where primary and node overlap, the pixel is primary.

    Args:
        structures: ``primary`` and ``node`` to one mask (rows, columns) per slice, or None where there is nothing.
        geometries: the slices.

    Returns:
        the label images and the number of overlapping pixels.
    """
    planes, overlap = [], 0
    for index, geometry in enumerate(geometries):
        plane = np.zeros(geometry.shape, dtype=np.uint8)
        for name in ("node", "primary"):  # the later one wins
            mask = structures.get(name, [None] * len(geometries))[index]
            if mask is not None:
                overlap += int(np.count_nonzero(plane[mask]))
                plane[mask] = LABELS[name]
        planes.append(plane)
    return planes, overlap


def require_mostly_on_slices(
    contours: int, refused: Sequence[RejectReason], *, strict: bool, outline: str, geometries: Sequence[SliceGeometry]
) -> None:
    """Passes an outline of which most contours lie on the slices, and some can be used.

    Args:
        contours: how many there are.
        refused: why some are refused.
        strict: whether all have to lie on slices: nothing but geometry says that the outline belongs to them.
        outline: the outline's geometry in words.
        geometries: the slices.

    Raises:
        TagError: with both geometries, or with the reasons why none can be used.
    """
    off = sum(reason in _OFF for reason in refused)
    if off > (0 if strict else _MOST_OFF * contours):
        both = f"{outline}; slices {describe_slices(geometries)}"
        detail = f"{off} of {contours} contours or planes lie off every slice: {both}"
        raise TagError(RejectReason.OUTLINE_GEOMETRY, detail)
    if contours == 0:
        raise TagError(RejectReason.OUTLINE_EMPTY, RejectReason.OUTLINE_EMPTY.meaning)
    if contours == len(refused):
        detail = f"none of {contours} contours or planes can be used: {counted(refused)}"
        raise TagError(RejectReason.OUTLINE_CONTOURS, detail)


def counted(refused: Sequence[RejectReason]) -> str:
    """Reasons in words, each with its count, the most frequent first."""
    return ", ".join(f"{reason.meaning} ({count})" for reason, count in Counter(refused).most_common())
