"""Slices side by side: what all montages share - grey pictures, outlines as lines, a grid of panels."""

from dataclasses import dataclass

import numpy as np

from npc_kedro.errors import ConsistencyError
from npc_kedro.figures.canvas import GAP, HIDDEN, Ink, Line, Mark, Panel, Picture

_PERCENTILES = (0.5, 99.5)


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a montage at a place in its grid, with the marks that lie over it."""

    row: int
    col: int
    marks: tuple[Mark, ...]
    title: str = ""


def panels_of(tiles: list[Tile]) -> tuple[Panel, ...]:
    """Panels without axes, pixels square.

    Raises:
        ConsistencyError: there is no tile.
    """
    if not tiles:
        msg = "A montage of no image: expected at least one slice or crop to draw."
        raise ConsistencyError(msg)
    return tuple(Panel(t.row, t.col, t.marks, title=t.title, x=HIDDEN, y=HIDDEN, equal=True) for t in tiles)


def grey(image: np.ndarray) -> Picture:
    """An image (h, w) as a grey picture; uint8 is taken as it is, other types from the 0.5th to 99.5th percentile."""
    if image.dtype == np.uint8:
        return Picture(np.ascontiguousarray(image))
    lo, hi = np.percentile(image, _PERCENTILES)
    scaled = (np.asarray(image, dtype=float) - lo) / (hi - lo if hi > lo else 1.0)
    return Picture(np.rint(255.0 * np.clip(scaled, 0.0, 1.0)).astype(np.uint8))


def contour(mask: np.ndarray, ink: Ink, label: str = "") -> Line:
    """The border of ``mask`` (h, w; nonzero is inside) as one line, halfway between inside and outside pixels.

    Regions are joined by gaps; an empty mask gives an empty line. The border of a region that touches the image's edge
    runs along that edge.
    """
    import contourpy

    inside = np.pad((np.asarray(mask) != 0).astype(float), 1)
    x: list[float] = []
    y: list[float] = []
    for points in contourpy.contour_generator(z=inside).lines(0.5):
        x += [*(points[:, 0] - 1.0).tolist(), GAP]
        y += [*(points[:, 1] - 1.0).tolist(), GAP]
    return Line(tuple(x[:-1]), tuple(y[:-1]), ink, label)
