"""The head and neck as painted ellipses and arches: which tissue lies where at each level.

Frame, in mm: x to the patient's left, y backwards, z upwards, with the origin in the posterior wall of the nasopharynx.
``anatomy.csv`` lists the structures in painting order with their form at some levels; others are interpolated.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import pandas as pd

_FORM = ["x_mm", "y_mm", "half_width_mm", "half_depth_mm", "angle_deg", "band_mm"]

_HEAD_LEVELS = np.array([-90.0, -60.0, -40.0, -20.0, 0.0, 20.0, 60.0])
"""Levels, in mm, at which the outer form of the head is given."""

_HEAD = {
    "cranium": {
        "y": [34, 28, 18, 12, 6, 3, 2],
        "half_width": [64, 63, 69, 74, 77, 79, 79],
        "half_depth": [64, 68, 76, 84, 92, 96, 97],
    },
    "face": {
        "y": [0, -28, -42, -40, -38, -40, -44],
        "half_width": [38, 44, 52, 60, 62, 58, 54],
        "half_depth": [32, 50, 62, 62, 58, 54, 48],
    },
    "nose": {
        "y": [-60, -60, -60, -84, -95, -90, -70],
        "half_width": [1, 1, 1, 6, 14, 9, 4],
        "half_depth": [1, 1, 1, 6, 19, 13, 5],
    },
}
"""Three ellipses on the midline whose smooth union is the skin."""


@dataclass(frozen=True)
class Shape:
    """One structure cut at one level: an ellipse or the front half of an elliptic band (``band_mm`` each side)."""

    tissue: str
    rim: str
    rim_mm: float
    x_mm: float
    y_mm: float
    half_width_mm: float
    half_depth_mm: float
    angle_deg: float
    band_mm: float

    @property
    def reach_mm(self) -> tuple[float, float]:
        """Half sides, along x and y, of the rectangle round (x, y) outside which nothing is painted."""
        angle = math.radians(self.angle_deg)
        c, s = math.cos(angle), math.sin(angle)
        more = self.band_mm + self.rim_mm
        return (
            math.hypot(self.half_width_mm * c, self.half_depth_mm * s) + more,
            math.hypot(self.half_width_mm * s, self.half_depth_mm * c) + more,
        )

    def distance(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Signed distance in mm to the border at points (mm), negative inside; exact to first order at the border."""
        angle = math.radians(self.angle_deg)
        c, s = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        dx, dy = x - np.float32(self.x_mm), y - np.float32(self.y_mm)
        along, across = c * dx + s * dy, c * dy - s * dx
        inside = ellipse_distance(along, across, self.half_width_mm, self.half_depth_mm)
        if self.band_mm == 0:
            return inside
        return np.maximum(np.abs(inside) - np.float32(self.band_mm), dy)


def ellipse_distance(x: np.ndarray, y: np.ndarray, half_width: float, half_depth: float) -> np.ndarray:
    """First-order signed distance to the ellipse of these half axes round the origin: ``f (f - 1) / |f grad f|``."""
    u, v = x * np.float32(1 / half_width), y * np.float32(1 / half_depth)
    squared = u * u + v * v
    f = np.sqrt(squared)
    u *= np.float32(1 / half_width)
    v *= np.float32(1 / half_depth)
    slope = np.sqrt(u * u + v * v)
    return (squared - f) / np.maximum(slope, np.float32(1e-6))


def head_distance(x: np.ndarray, y: np.ndarray, z: float) -> np.ndarray:
    """Signed distance in mm to the skin at level ``z``, negative inside the head."""
    parts = []
    for form in _HEAD.values():
        at = {name: float(np.interp(z, _HEAD_LEVELS, values)) for name, values in form.items()}
        parts.append(ellipse_distance(x, y - np.float32(at["y"]), at["half_width"], at["half_depth"]))
    joined = smooth_minimum(parts[0], parts[1], 14)
    return smooth_minimum(joined, parts[2], 5)


def smooth_minimum(a: np.ndarray, b: np.ndarray, blend_mm: float) -> np.ndarray:
    """Minimum of two distances, rounded where they differ by less than ``blend_mm`` (polynomial smooth minimum)."""
    k = np.float32(blend_mm)
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


@dataclass(frozen=True)
class Structure:
    """One structure at all the levels it reaches.

    Attributes:
        levels_mm: levels at which the form is given, rising.
        forms: shape (levels, 6): x, y, half width, half depth (mm), angle (degrees), half band (mm).
    """

    tissue: str
    rim: str
    rim_mm: float
    paired: bool
    levels_mm: np.ndarray
    forms: np.ndarray

    def at(self, z: float) -> list[Shape]:
        """Its shapes at level ``z``: none, one, or right and left."""
        if not self.levels_mm[0] <= z <= self.levels_mm[-1]:
            return []
        above = min(max(int(np.searchsorted(self.levels_mm, z)), 1), len(self.levels_mm) - 1)
        low, high = self.levels_mm[above - 1], self.levels_mm[above]
        part = (z - low) / (high - low)
        x, y, *size, angle, band = ((1 - part) * self.forms[above - 1] + part * self.forms[above]).tolist()
        sides = (-1, 1) if self.paired else (1,)
        return [Shape(self.tissue, self.rim, self.rim_mm, s * x, y, *size, s * angle, band) for s in sides]


def shapes_at(z: float) -> list[Shape]:
    """The structures present at level ``z`` in painting order, right before left."""
    return [shape for structure in _structures() for shape in structure.at(z)]


@lru_cache(maxsize=1)
def _structures() -> list[Structure]:
    """The rows of ``anatomy.csv`` gathered by structure, in the order of their first row."""
    table = pd.read_csv(files(__package__) / "anatomy.csv", keep_default_na=False)
    gathered = []
    for _, rows in table.groupby("structure", sort=False):
        first = rows.iloc[0]
        levels, forms = rows["z_mm"].to_numpy(float), rows[_FORM].to_numpy(float)
        rim_mm, paired = float(first["rim_mm"]), bool(first["paired"])
        gathered.append(Structure(first["tissue"], first["rim"], rim_mm, paired, levels, forms))
    return gathered
