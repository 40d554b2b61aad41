"""One simulated patient's head and neck, cut at any level into noiseless pictures of several contrasts at once."""

import math
from dataclasses import dataclass

import numpy as np

from npc_kedro.simulation.anatomy import Shape, head_distance, shapes_at
from npc_kedro.simulation.lesions import Lesion, Signs, cut, grow_lesions
from npc_kedro.simulation.texture import texture
from npc_kedro.simulation.tissues import Contrast

_SKIN_MM = 2.0
_LESION_MARGIN_MM = 6.0
"""How far an irregular margin may pass the smooth form of a lesion."""

_SLICE_SIGN_SD = 0.12
"""Spread of a sign from slice to slice of one patient."""

_WARP_REACH_MM = 3.0
"""Largest displacement of the random warp, so that painting windows are wide enough."""


@dataclass(frozen=True)
class Pose:
    """How this patient differs from the atlas and lies in the scanner: scales, rotation, shift and a smooth warp."""

    scale_x: float
    scale_y: float
    angle: float
    shift_x_mm: float
    shift_y_mm: float
    warp: np.ndarray

    def to_anatomy(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points of the slice plane (mm, origin in its centre) in the frame of the anatomy."""
        c, s = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        dx, dy = x - np.float32(self.shift_x_mm), y - np.float32(self.shift_y_mm)
        u, v = (c * dx + s * dy) / np.float32(self.scale_x), (c * dy - s * dx) / np.float32(self.scale_y)
        k, phase, size = self.warp.astype(np.float32)
        return u + size[0] * np.sin(k[0] * v + phase[0]), v + size[1] * np.sin(k[1] * u + phase[1])

    def to_plane(self, x: float, y: float) -> tuple[float, float]:
        """A point of the anatomy in the slice plane, ignoring the warp."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        u, v = x * self.scale_x, y * self.scale_y
        return c * u - s * v + self.shift_x_mm, s * u + c * v + self.shift_y_mm


@dataclass(frozen=True)
class Phantom:
    """A patient ready to be cut.

    Attributes:
        pose: shape and position.
        lesions: painted in this order.
        signs: of the patient; slices scatter round them.
        fat_mm: thickness of the subcutaneous fat.
        seed: start of the random streams of the levels.
    """

    pose: Pose
    lesions: list[Lesion]
    signs: Signs
    fat_mm: float
    seed: tuple[int, ...]


@dataclass(frozen=True)
class Cut:
    """One level of a phantom.

    Attributes:
        pictures: shape (contrasts, rows, columns), float32, brightness relative to the brightest tissue.
        labels: shape (rows, columns), uint8: 0 background, 1 primary tumour, 2 node, as a reader outlined them.
    """

    pictures: np.ndarray
    labels: np.ndarray


def make_phantom(seed: tuple[int, ...], *, t_stage: str, n_stage: str, signs: Signs) -> Phantom:
    """The patient with these stages and signs; everything else is drawn from ``seed``."""
    rng = np.random.default_rng([*seed, 11])
    size = rng.normal(1.0, 0.03)
    warp = np.stack([rng.uniform(0.02, 0.045, 2), rng.uniform(0, 2 * np.pi, 2), rng.uniform(0.5, 1.8, 2)])
    pose = Pose(
        scale_x=float(size * rng.normal(1, 0.025)),
        scale_y=float(size * rng.normal(1, 0.025)),
        angle=float(np.deg2rad(rng.normal(0, 3.0))),
        shift_x_mm=float(rng.normal(0, 4)),
        shift_y_mm=float(rng.normal(4, 4)),
        warp=warp,
    )
    return Phantom(pose, grow_lesions(rng, t_stage, n_stage), signs, float(rng.uniform(4.0, 9.0)), seed)


class Plane:
    """The pixel grid of axial slices of one phantom, with its points in the frame of the anatomy."""

    def __init__(self, phantom: Phantom, *, rows: int, columns: int, spacing_mm: float) -> None:
        self.phantom, self.spacing_mm = phantom, spacing_mm
        self.x_mm = ((np.arange(columns) - (columns - 1) / 2) * spacing_mm).astype(np.float32)
        self.y_mm = ((np.arange(rows) - (rows - 1) / 2) * spacing_mm).astype(np.float32)
        x, y = phantom.pose.to_anatomy(self.x_mm[None, :], self.y_mm[:, None])
        shape = (rows, columns)
        self.x, self.y = (
            np.ascontiguousarray(np.broadcast_to(x, shape)),
            np.ascontiguousarray(np.broadcast_to(y, shape)),
        )

    def window(self, x: float, y: float, reach_mm: tuple[float, float]) -> tuple[slice, slice] | None:
        """The pixels within ``reach_mm`` (along x, y) of a point of the anatomy; None where there is none."""
        pose = self.phantom.pose
        across, down = ((reach + _WARP_REACH_MM) for reach in reach_mm)
        across, down = across * pose.scale_x, down * pose.scale_y
        c, s = abs(math.cos(pose.angle)), abs(math.sin(pose.angle))
        column, row = pose.to_plane(x, y)
        rows = self._span(row, s * across + c * down, len(self.y_mm))
        columns = self._span(column, c * across + s * down, len(self.x_mm))
        return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None

    def _span(self, centre_mm: float, reach_mm: float, pixels: int) -> slice:
        middle = (pixels - 1) / 2
        low = math.floor((centre_mm - reach_mm) / self.spacing_mm + middle)
        high = math.ceil((centre_mm + reach_mm) / self.spacing_mm + middle) + 1
        return slice(max(low, 0), min(high, pixels))

    def cut(self, z: float, contrasts: list[Contrast], *, with_lesions: bool = True) -> Cut:
        """The pictures and labels at level ``z`` (mm above the nasopharynx).

        A level's random numbers depend on the phantom's seed and the level alone, so that the contrasts of one patient
        show the same anatomy in whatever order they are rendered.
        """
        rng = np.random.default_rng([*self.phantom.seed, 12, round(z * 100) + 100_000])
        pictures = self._head(z, contrasts)
        for shape in shapes_at(z):
            self._paint(pictures, shape, contrasts)
        pictures *= 1 + np.float32(0.045) * texture(rng, self.x, self.y, patch_mm=7.0)
        labels = np.zeros(pictures.shape[1:], np.uint8)
        for lesion in self.phantom.lesions if with_lesions else ():
            if lesion.reaches(z):
                self._grow(rng, pictures, labels, lesion=lesion, z=z, contrasts=contrasts)
        return Cut(pictures, labels)

    def _head(self, z: float, contrasts: list[Contrast]) -> np.ndarray:
        """Air, skin, subcutaneous fat, and the fat between the deeper structures."""
        distance = head_distance(self.x, self.y, z)
        edge = np.float32(1 / max(self.spacing_mm, 0.8))
        inside = _within(distance, edge)
        below_skin = _within(distance + np.float32(_SKIN_MM), edge)
        deep = _within(distance + np.float32(_SKIN_MM + self.phantom.fat_mm), edge)
        pictures = np.empty((len(contrasts), *distance.shape), np.float32)
        for picture, contrast in zip(pictures, contrasts, strict=True):
            air, skin, fat = (contrast.of(t) for t in ("air", "skin", "fat"))
            between = 0.6 * fat + 0.4 * contrast.of("muscle")
            picture[:] = air + (skin - air) * inside + (fat - skin) * below_skin + (between - fat) * deep
        return pictures

    def _paint(self, pictures: np.ndarray, shape: Shape, contrasts: list[Contrast]) -> None:
        window = self.window(shape.x_mm, shape.y_mm, shape.reach_mm)
        if window is None:
            return
        distance = shape.distance(self.x[window], self.y[window])
        edge = np.float32(1 / max(self.spacing_mm, 0.8))
        layers = [(distance, shape.tissue)]
        if shape.rim_mm:
            layers.insert(0, (distance - np.float32(shape.rim_mm), shape.rim))
        for to_border, tissue in layers:
            weight = _within(to_border, edge)
            for picture, contrast in zip(pictures, contrasts, strict=True):
                part = picture[window]
                part += weight * (np.float32(contrast.of(tissue)) - part)

    def _grow(
        self,
        rng: np.random.Generator,
        pictures: np.ndarray,
        labels: np.ndarray,
        *,
        lesion: Lesion,
        z: float,
        contrasts: list[Contrast],
    ) -> None:
        """Paints a lesion over the anatomy and adds its outline as a reader would draw it."""
        window = self.window(*lesion.bounds(_LESION_MARGIN_MM))
        scatter = rng.normal(0, _SLICE_SIGN_SD, 2)
        if window is None:
            return
        x, y = self.x[window], self.y[window]
        signs = Signs(self.phantom.signs.resistance + scatter[0], self.phantom.signs.no_benefit + scatter[1])
        section = cut(rng, lesion, signs, x=x, y=y, z=z)
        if section is None:
            return
        weight = _within(section.distance_mm, np.float32(1 / max(self.spacing_mm, 1.0)))
        for picture, contrast in zip(pictures, contrasts, strict=True):
            part = picture[window]
            part += weight * (contrast.lesion_offset + contrast.lesion_gain * section.brightness - part)
        reader = section.distance_mm + np.float32(0.5) * texture(rng, x, y, patch_mm=12.0)
        labels[window][reader < 0] = lesion.label


def _within(distance_mm: np.ndarray, steepness: np.float32) -> np.ndarray:
    """Share of each pixel that lies inside, from the signed distance of its centre; one half on the border."""
    share = distance_mm * -steepness
    share += np.float32(0.5)
    np.maximum(share, 0, out=share)
    return np.minimum(share, 1, out=share)
