"""Polygons become pixels, by their centres.

A pixel belongs to a set of closed polygons if its centre lies inside an odd number of them (even-odd rule): an inner
polygon cuts a hole, and a hole that is joined to the outside by a channel of no width (a keyhole, as DICOM PS3.3
C.8.8.6.3 has it) comes out as a hole too. Polygons that are to be taken together count as one. A centre that lies on an
edge belongs to the set, since programs that trace masks put their points on the centres of the mask's outer pixels; so
does every tie, and no mask loses a row.
"""

from collections.abc import Sequence

import numpy as np

ON_EDGE_PX = 0.02
"""A centre this near to an edge lies on it: coordinates are written to about a hundredth of a millimetre."""

_LINES = 256
"""Lines by which an area is measured, from end to end."""


def filled(
    polygons: Sequence[np.ndarray], shape: tuple[int, int], *, together: Sequence[Sequence[int]] = ()
) -> np.ndarray:
    """The pixels of a set of polygons.

    Args:
        polygons: each (n, 2), points as (row, column) in pixels, whole at pixel centres; closed implicitly.
        shape: rows, columns. What lies outside is cut off.
        together: indices of polygons that count as one, which encloses what any of them does.

    Returns:
        bool (rows, columns).
    """
    grouped = {index for group in together for index in group}
    alone = [polygon for index, polygon in enumerate(polygons) if index not in grouped]
    parts = [[polygons[index]] for index in sorted(grouped)] + ([alone] if alone else [])
    inside = _odd(*_edges(alone), shape) if alone else np.zeros(shape, dtype=bool)
    for group in together:
        inside ^= np.logical_or.reduce([_odd(*_edges([polygons[index]]), shape) for index in group])
    for part in parts:
        starts, ends = _edges_run_once(*_edges(part))
        _mark_on_edges(inside, starts, ends)
        _mark_on_edges(inside.T, starts[:, ::-1], ends[:, ::-1])
    return inside


def enclosed_area(polygons: Sequence[np.ndarray]) -> float:
    """The area, in pixels, that an odd number of polygons encloses; for two, what only one of them does."""
    starts, ends = _edges(polygons)
    low, high = starts[:, 0].min(), starts[:, 0].max()
    if low == high:
        return 0.0
    step = (high - low) / _LINES
    for points in (starts, ends):
        points[:, 0] = (points[:, 0] - low) / step - 0.5  # the lines run through the middles of their strips
    edge, line = _rows_crossed(starts[:, 0], ends[:, 0], _LINES)
    crossing = _column_at(starts, ends, edge, line)
    crossing = crossing[np.lexsort((crossing, line))]  # an even number on each line
    return float((crossing[1::2] - crossing[::2]).sum() * step)


def perimeter(polygon: np.ndarray) -> float:
    """The length of a closed polygon, in pixels."""
    return float(np.linalg.norm(np.roll(polygon, -1, axis=0) - polygon, axis=1).sum())


def is_line(polygon: np.ndarray) -> bool:
    """Whether a closed polygon is too thin to enclose anything: points in a row, or a way that runs there and back."""
    return 2 * enclosed_area([polygon]) < ON_EDGE_PX * perimeter(polygon)


def _edges(polygons: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Where the edges of closed polygons start and end."""
    starts = np.concatenate([np.asarray(polygon, dtype=float) for polygon in polygons])
    return starts, np.concatenate([np.roll(np.asarray(polygon, dtype=float), -1, axis=0) for polygon in polygons])


def _odd(starts: np.ndarray, ends: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Whether an odd number of edges lies to the left of each pixel's centre, on its row."""
    rows, columns = shape
    edge, row = _rows_crossed(starts[:, 0], ends[:, 0], rows)
    crossing = _column_at(starts, ends, edge, row)
    first = np.clip(np.ceil(crossing), 0, columns).astype(int)
    turns = np.zeros((rows, columns + 1), dtype=np.int32)
    np.add.at(turns, (row, first), 1)
    return np.cumsum(turns[:, :columns], axis=1) % 2 == 1


def _rows_crossed(start: np.ndarray, end: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of edge and row: each edge crosses the rows from its lower end (inclusive) to its upper end (exclusive)."""
    low = np.clip(np.ceil(np.minimum(start, end)), 0, rows).astype(int)
    high = np.clip(np.ceil(np.maximum(start, end)), 0, rows).astype(int)
    return _ranges(low, high)


def _ranges(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index of each range, repeated, beside the whole numbers from ``low`` up to, not including, ``high``."""
    counts = np.maximum(high - low, 0)
    edge = np.repeat(np.arange(len(low)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return edge, low[edge] + offset


def _column_at(starts: np.ndarray, ends: np.ndarray, edge: np.ndarray, row: np.ndarray) -> np.ndarray:
    rise = ends[edge, 0] - starts[edge, 0]
    share = np.divide(row - starts[edge, 0], rise, out=np.zeros(len(edge)), where=rise != 0)
    return starts[edge, 1] + np.clip(share, 0.0, 1.0) * (ends[edge, 1] - starts[edge, 1])


def _edges_run_once(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Without edges that are run there and back: the channel of a keyhole, or a spike, is no border."""
    ordered = np.where(
        ((starts[:, :1] < ends[:, :1]) | ((starts[:, :1] == ends[:, :1]) & (starts[:, 1:] <= ends[:, 1:]))),
        np.hstack([starts, ends]),
        np.hstack([ends, starts]),
    )
    _, inverse, counts = np.unique(ordered, axis=0, return_inverse=True, return_counts=True)
    once = counts[inverse.ravel()] == 1
    return starts[once], ends[once]


def _mark_on_edges(inside: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> None:
    """Adds the centres on edges that cross rows at them (called once more with rows and columns exchanged)."""
    rows, columns = inside.shape
    low = np.clip(np.ceil(np.minimum(starts[:, 0], ends[:, 0]) - ON_EDGE_PX), 0, rows).astype(int)
    high = np.clip(np.floor(np.maximum(starts[:, 0], ends[:, 0]) + ON_EDGE_PX) + 1, 0, rows).astype(int)
    flat = np.abs(starts[:, 0] - ends[:, 0]) < ON_EDGE_PX  # runs along the row: the other call sees it
    edge, row = _ranges(np.where(flat, 0, low), np.where(flat, 0, high))
    crossing = _column_at(starts, ends, edge, row)
    column = np.rint(crossing).astype(int)
    hit = (np.abs(crossing - column) <= ON_EDGE_PX) & (column >= 0) & (column < columns)
    inside[row[hit], column[hit]] = True
