"""What a person should look at in an outline that is used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    if laid.twice_px:
        yield Doubt(
            f"{laid.twice_px} pixels are claimed by several structures of one kind, which are used together",
            "one structure for each tumour or node",
            "if they are of two readers or versions, name in ingest.outlines.structures.never those that are not meant",
        )
    yield from _of_names(laid)
    if laid.remarks.across_frames:
        yield Doubt(
            "drawn in another frame of reference than the series, and used since outline_override.csv names it: nothing"
            " in the files tells whether its coordinates mean the same places",
            "an outline in the frame of reference of the series in use",
            "look at its picture in 08_reporting/figures/outlines; if it does not fit, draw or export it on the series",
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


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_MOST_LISTED])) + (", ..." if len(numbers) > _MOST_LISTED else "")
