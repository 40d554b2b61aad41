"""What a person should look at in an outline that is used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from npc_kedro.dicom.outlines.laid import LaidOutline, counted
from npc_kedro.dicom.outlines.rules import LABELS

_MOST_LISTED = 12


@dataclass(frozen=True)
class Doubt:
    """What is doubtful of an outline that is used, what was expected, and what to do."""

    found: str
    expected: str
    remedy: str


def doubts_of(laid: LaidOutline, planes: Sequence[np.ndarray]) -> Iterator[Doubt]:
    """What of an outline in use was left out, or may not be what is meant.

    Args:
        laid: the outline.
        planes: its labels on the stored slices.
    """
    if laid.contours_refused:
        reasons = ", ".join(sorted({reason.meaning for reason in laid.contours_refused}))
        found = f"{len(laid.contours_refused)} of {laid.contours} contours refused: {reasons}"
        yield Doubt(found, "contours that can all be used", "look at the outline on the series; export it again")
    yield from _of_contours(laid)
    if laid.twice_px:
        yield Doubt(
            f"{laid.twice_px} pixels are claimed by several structures of one kind, which are used together",
            "one structure for each tumour or node",
            "if they are of two readers or versions, name in ingest.outlines.structures.never those that are not meant",
        )
    yield from _of_names(laid)
    if laid.remarks.across_frames:
        yield Doubt(
            "drawn in another frame of reference than that of the images, and used since outline_override.csv names the"
            " file, or the file says that the series lies in it",
            "an outline in the frame of reference of the series in use",
            "look at its picture in 08_reporting/figures/outlines; if it does not fit, draw or export it on the series",
        )
    if empty := sum(_forgotten(laid.planes, label) for label in LABELS.values()):
        yield Doubt(
            f"nothing is outlined on {empty} slices between outlined ones",
            "an outline on every slice that the tumour or node crosses",
            "look whether they were forgotten; what is not outlined there is learnt as background",
        )
    before, after = ({int(label) for plane in some for label in np.unique(plane)} for some in (laid.planes, planes))
    if before - after:
        lost = ", ".join(name for name, label in LABELS.items() if label in before - after)
        yield Doubt(f"of {lost} nothing is left on the stored pixels", "what is outlined", "raise ingest.matrix")
    if LABELS["primary"] not in before:
        unused = counted(laid.structures_refused)
        others = f"; of {laid.structures} structures these are not used: {unused}" if unused else ""
        yield Doubt(
            f"nodes are outlined and no primary tumour, which counts as background{others}",
            "an outlined primary tumour",
            "say in ingest.outlines what it is called, outline it, or leave the file out",
        )


def _of_names(laid: LaidOutline) -> Iterator[Doubt]:
    """Structures that are called what no rule knows, or two things. Names may hold a patient's: numbers are shown."""
    remarks = laid.remarks
    if remarks.unused:
        yield Doubt(
            f"drawn but not used, though the name speaks of tumour or nodes: ROIs or segments {_listed(remarks.unused)}"
            f" (of {laid.structures} these are not used: {counted(laid.structures_refused)})",
            "every tumour and node in use: what is not is learnt as background",
            "look at them; if they are meant, name them in ingest.outlines.structures, by name or number",
        )
    if remarks.contradicted:
        yield Doubt(
            f"called primary by one name and node by another: ROIs or segments {_listed(remarks.contradicted)}",
            "names, descriptions and codes that agree",
            "look at them; the first name counts, unless ingest.outlines.structures gives the number",
        )


def _of_contours(laid: LaidOutline) -> Iterator[Doubt]:
    """Contours that are used, but may not have been meant so."""
    remarks = laid.remarks
    look = "look at the outline; if there are two versions, delete one and export it again"
    if remarks.joined:
        found = f"{remarks.joined} contours cross others of the same ROI on the same slice, and are used together"
        yield Doubt(found, "contours that lie apart, or one within the other", look)
    if remarks.hollowed:
        found = f"{remarks.hollowed} contours lose more than half of what they enclose to one inside them, as to a hole"
        yield Doubt(found, "holes, not a second version of the contour", look)
    if remarks.cut:
        found = f"{remarks.cut} contours reach beyond the image's border and are cut there"
        yield Doubt(found, "contours within the image", "look at the outline on the series")


def _forgotten(planes: Sequence[np.ndarray], label: int) -> int:
    """Slices without a structure between slices with it; with nodes, only where the same place is a node again."""
    outlined = [index for index, plane in enumerate(planes) if (plane == label).any()]
    empty = 0
    for below, above in pairwise(outlined):
        ends = planes[below] == label, planes[above] == label
        if label == LABELS["primary"] or (ends[0].shape == ends[1].shape and (ends[0] & ends[1]).any()):
            empty += above - below - 1
    return empty


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_MOST_LISTED])) + (", ..." if len(numbers) > _MOST_LISTED else "")
