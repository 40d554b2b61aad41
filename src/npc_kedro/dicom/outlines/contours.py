"""The contours of an ROI, laid on the slices in whose planes they lie.

Source: DICOM PS3.3 C.8.8.6 (ROI Contour).
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from npc_kedro.dicom.outlines.crossings import crossing_groups, mostly_hollow
from npc_kedro.dicom.outlines.images_named import ImagesNamed
from npc_kedro.dicom.outlines.matching import Target
from npc_kedro.dicom.outlines.polygons import filled, is_line
from npc_kedro.dicom.outlines.repeats import is_repeat
from npc_kedro.dicom.reasons import RejectReason

_XOR = "CLOSEDPLANAR_XOR"
_CLOSED = ("CLOSED_PLANAR", _XOR)
_FEWEST_POINTS = 3
_OFF_PLANE_MM = 0.5
"""How far a contour's points may lie from the slice's plane: planning systems write a tenth of a millimetre or so."""
_OFF_PLANE_SHARE = 0.25
"""The same as a share of the slices' distance, for thin slices."""
_CUT_PX = 1.0
"""How far a contour may reach beyond the outermost centres before it is told of: half a pixel is still image."""


@dataclass(frozen=True)
class Contour:
    """One contour.

    Attributes:
        points: (n, 3), LPS, mm.
        kind: ContourGeometricType.
        images: what it names.
    """

    points: np.ndarray
    kind: str
    images: ImagesNamed

    def fault(self) -> RejectReason | None:
        """Why the contour encloses nothing."""
        if not np.isfinite(self.points).all():
            return RejectReason.CONTOUR_UNREADABLE
        if self.kind not in _CLOSED:
            return RejectReason.CONTOUR_OPEN
        if len(np.unique(self.points, axis=0)) < _FEWEST_POINTS:
            return RejectReason.CONTOUR_TOO_SHORT
        return None


@dataclass(frozen=True)
class Roi:
    """A region of interest.

    Attributes:
        number: ROINumber.
        names: what it goes by, the ROIName first.
        contours: what is drawn.
        kinds: RTROIInterpretedType, as often as it is given.
        frame_of_reference: ReferencedFrameOfReferenceUID, empty if unknown.
    """

    number: int
    names: tuple[str, ...]
    contours: tuple[Contour, ...]
    kinds: frozenset[str] = frozenset()
    frame_of_reference: str = ""


@dataclass(frozen=True)
class DrawnRoi:
    """An ROI on the slices.

    Attributes:
        masks: one per slice, None where nothing is drawn.
        refused: why contours are not used.
        joined: how many contours cross others of their slice, and are used together with them.
        hollowed: how many contours lose more than half of what they enclose to one inside them.
        cut: how many contours reach beyond the image's border.
    """

    masks: list[np.ndarray | None]
    refused: list[RejectReason]
    joined: int = 0
    hollowed: int = 0
    cut: int = 0


def drawn_on(roi: Roi, target: Target) -> DrawnRoi:
    """The ROI's contours, filled.

    Contours that cross enclose what any of them does, as those of two versions would: under the even-odd rule alone
    they would cancel each other where they overlap. CLOSEDPLANAR_XOR says that just this is meant.
    """
    if target.is_elsewhere(frozenset({roi.frame_of_reference})):
        return DrawnRoi([None] * len(target.geometries), [RejectReason.CONTOUR_OTHER_FRAME] * len(roi.contours))
    polygons: dict[int, list[np.ndarray]] = defaultdict(list)
    refused: list[RejectReason] = []
    for contour in roi.contours:
        placed = _placed(contour, target)
        if isinstance(placed, RejectReason):
            refused.append(placed)
            continue
        index, polygon = placed
        if any(is_repeat(polygon, of=other) for other in polygons[index]):  # drawn twice, it would cancel itself
            refused.append(RejectReason.CONTOUR_REPEATED)
        else:
            polygons[index].append(polygon)
    exclusive = any(contour.kind == _XOR for contour in roi.contours)
    masks: list[np.ndarray | None] = []
    joined = hollowed = cut = 0
    for index, geometry in enumerate(target.geometries):
        here = polygons.get(index, [])
        groups = [] if exclusive else crossing_groups(here)
        masks.append(filled(here, geometry.shape, together=groups) if here else None)
        joined += sum(map(len, groups))
        hollowed += 0 if exclusive else mostly_hollow(here)
        cut += sum(_furthest_out(polygon, geometry.shape) > _CUT_PX for polygon in here)
    return DrawnRoi(masks, refused, joined, hollowed, cut)


def _placed(contour: Contour, target: Target) -> tuple[int, np.ndarray] | RejectReason:
    """The slice on which a contour lies and its points as (row, column), or why it is refused."""
    if (fault := contour.fault()) is not None:
        return fault
    normal = target.geometries[0].normal
    along = contour.points @ normal
    places = np.array([geometry.position_along(normal) for geometry in target.geometries])
    index = int(np.argmin(np.abs(places - np.median(along))))
    if np.abs(along - places[index]).max() > min(_OFF_PLANE_MM, _OFF_PLANE_SHARE * target.distance_mm):
        return RejectReason.CONTOUR_OFF_SLICES
    if (contradiction := target.contradicts(contour.images, index)) is not None:
        return contradiction
    geometry = target.geometries[index]
    offset = contour.points - np.array(geometry.position)
    rows = offset @ np.array(geometry.orientation[3:]) / geometry.spacing[0]
    columns = offset @ np.array(geometry.orientation[:3]) / geometry.spacing[1]
    height, width = geometry.shape
    if rows.max() < 0 or columns.max() < 0 or rows.min() > height - 1 or columns.min() > width - 1:
        return RejectReason.CONTOUR_OUTSIDE
    polygon = np.stack([rows, columns], axis=1)
    if _furthest_out(polygon, geometry.shape) > max(geometry.shape):
        return RejectReason.CONTOUR_FAR_OUT
    return RejectReason.CONTOUR_WITHOUT_AREA if is_line(polygon) else (index, polygon)


def _furthest_out(polygon: np.ndarray, shape: tuple[int, int]) -> float:
    """How far, in pixels, a contour reaches beyond the outermost pixels' centres; negative if it does not."""
    return float(max((-polygon).max(), (polygon - np.array(shape) + 1).max()))
