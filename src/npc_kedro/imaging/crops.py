"""From a predicted tumour to the picture a classifier sees: the box round it, and the box resized."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from npc_kedro.imaging.boxes import Box, bounding_box, clamped, components, grown, largest_component
from npc_kedro.imaging.resample import resample


@dataclass(frozen=True)
class CropRule:
    """How the box round a predicted tumour is made.

    Attributes:
        parts: ``all`` predicted pixels, or those of the ``largest`` connected part only.
        margin: added on every side.
        margin_unit: ``fraction`` of the box's longer side, or ``px``.
        square: make the shorter side as long (in mm) as the longer one, so that resizing does not distort.
        min_side_mm: smaller boxes are enlarged to this side.
    """

    parts: Literal["all", "largest"] = "all"
    margin: float = 0.0
    margin_unit: Literal["fraction", "px"] = "fraction"
    square: bool = False
    min_side_mm: float = 0.0


@dataclass(frozen=True)
class TumourBox:
    """The box round one predicted tumour.

    Attributes:
        box: inside the image.
        clamped: the box had reached outside and was moved or cut.
        components: connected parts of the prediction, whether used or not.
        area_px: predicted pixels that the box was made for.
    """

    box: Box
    clamped: bool
    components: int
    area_px: int


def tumour_box(mask: np.ndarray, spacing_mm: tuple[float, float], rule: CropRule) -> TumourBox | None:
    """The box round the predicted tumour of one slice; None for an empty prediction.

    Args:
        mask: (height, width), non-zero where tumour is predicted.
        spacing_mm: distance between rows, between columns.
        rule: how the box is made.
    """
    if not mask.any():
        return None
    _, count = components(mask)
    used = largest_component(mask) if rule.parts == "largest" else mask > 0
    tight = bounding_box(used)
    if tight is None:
        return None
    wanted = _with_margin(tight, spacing_mm, rule)
    box = clamped(wanted, (mask.shape[0], mask.shape[1]))
    return TumourBox(box, clamped=box != wanted, components=count, area_px=int(np.count_nonzero(used)))


def _with_margin(tight: Box, spacing_mm: tuple[float, float], rule: CropRule) -> Box:
    row_mm, column_mm = spacing_mm
    height_mm, width_mm = tight.height * row_mm, tight.width * column_mm
    if rule.margin_unit == "px":
        height_mm, width_mm = height_mm + 2 * rule.margin * row_mm, width_mm + 2 * rule.margin * column_mm
    else:
        margin_mm = rule.margin * max(height_mm, width_mm)
        height_mm, width_mm = height_mm + 2 * margin_mm, width_mm + 2 * margin_mm
    if rule.square:
        height_mm = width_mm = max(height_mm, width_mm)
    height_mm, width_mm = max(height_mm, rule.min_side_mm), max(width_mm, rule.min_side_mm)
    return grown(tight, height=_pixels(height_mm, row_mm), width=_pixels(width_mm, column_mm))


def _pixels(length_mm: float, spacing_mm: float) -> int:
    """Pixels that cover a length; rounding noise does not add one."""
    return math.ceil(length_mm / spacing_mm - 1e-6)


def cropped(unit: np.ndarray, box: Box, size: int) -> np.ndarray:
    """The box of an image in [0, 1], resized by area or bilinearly.

    Args:
        unit: float (height, width) with values in [0, 1].
        box: inside the image.
        size: side of the result, pixels.

    Returns:
        uint8 (size, size).
    """
    return np.rint(resample(box.of(unit), (size, size)) * np.float32(255.0)).clip(0, 255).astype(np.uint8)
