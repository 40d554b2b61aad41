"""Primary tumour and neck nodes: where they grow, how large they are, and how the latent factors show in them."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from npc_kedro.simulation.anatomy import smooth_minimum
from npc_kedro.simulation.texture import texture

PRIMARY, NODE = 1, 2
"""Labels in the outlines."""

_VOLUME_ML = {"T1": 9.0, "T2": 13.0, "T3": 19.0, "T4": 27.0}
"""Median volume of the primary tumour; public outlines have 0.8 to 23 ml."""

_NODES_ML = {"N1": (8.0,), "N2": (8.0, 6.0), "N3": (20.0, 8.0)}
"""Median volumes of the nodes, the largest first; the second lies on the other side, save in half of N3."""

_BARREL = 1.6
"""Volume of a lesion over pi and its half axes: barrels ``x^2 + y^2 + z^4 = 1`` keep their width up to their ends."""

_LOBES = (
    ((9.0, -10.0, 0.0), (1.0, 0.85, 0.75)),
    ((22.0, -8.0, -3.0), (0.65, 0.60, 0.6)),
    ((5.0, 3.0, 6.0), (0.70, 0.60, 0.6)),
    ((16.0, -6.0, 13.0), (0.65, 0.65, 0.6)),
)
"""Lobes of the primary for a tumour of the left side: lateral recess; parapharyngeal space (from T2); clivus (from T3);
cavernous sinus (T4). Centres in mm, half axes as parts of the main radius."""


@dataclass(frozen=True)
class Signs:
    """How strongly a patient's tumour shows the latent factors; about standard normal in the population.

    Attributes:
        resistance: necrosis, coarse heterogeneity and irregular margin.
        no_benefit: fine mottling.
    """

    resistance: float
    no_benefit: float


@dataclass(frozen=True)
class Lesion:
    """A solid lesion as the smooth union of ellipsoids.

    Attributes:
        label: :data:`PRIMARY` or :data:`NODE`.
        centres, half_axes: shape (k, 3), mm, in the frame of the anatomy.
        brightness: of vital tumour in contrast-enhanced T1.
    """

    label: int
    centres: np.ndarray
    half_axes: np.ndarray
    brightness: float

    def reaches(self, z: float) -> bool:
        """Whether the lesion is cut at level ``z``."""
        return bool((np.abs(z - self.centres[:, 2]) < 0.93 * self.half_axes[:, 2]).any())

    def bounds(self, margin_mm: float) -> tuple[float, float, tuple[float, float]]:
        """Centre x, y and half sides in mm of a rectangle that holds every section, with a margin."""
        low = (self.centres - self.half_axes)[:, :2].min(axis=0)
        high = (self.centres + self.half_axes)[:, :2].max(axis=0)
        centre = (low + high) / 2
        across, down = (high - low) / 2 + margin_mm
        return float(centre[0]), float(centre[1]), (float(across), float(down))

    def extent_z(self) -> tuple[float, float]:
        """Lowest and highest level reached."""
        return float((self.centres - self.half_axes)[:, 2].min()), float((self.centres + self.half_axes)[:, 2].max())

    def distance(self, x: np.ndarray, y: np.ndarray, z: float) -> np.ndarray:
        """Signed distance in mm to the smooth border, negative inside, at points of the level ``z``."""
        joined = None
        for centre, half in zip(self.centres, self.half_axes, strict=True):
            u, v = (x - np.float32(centre[0])) / np.float32(half[0]), (y - np.float32(centre[1])) / np.float32(half[1])
            f = np.sqrt(u * u + v * v + np.float32(((z - centre[2]) / half[2]) ** 4))
            own = (f - 1) * np.float32(half[:2].mean())
            joined = own if joined is None else smooth_minimum(joined, own, 4)
        return joined


def grow_lesions(rng: np.random.Generator, t_stage: str, n_stage: str) -> list[Lesion]:
    """The lesions of a patient with these stages: one primary, and nodes on the side and level that N says."""
    side = 1 if rng.random() < 0.5 else -1
    brightness = float(rng.normal(0.72, 0.03))
    lesions = [_primary(rng, t_stage, side=side, brightness=brightness)]
    volumes = _NODES_ML.get(n_stage, ())
    contralateral = n_stage == "N2" or rng.random() < 0.5
    upper = int(rng.integers(2))
    for k, volume in enumerate(volumes):
        place = side if k == 0 or not contralateral else -side
        # the two nodes lie at different levels, as they do more often than not
        level = -20.0 - 19.0 * ((k + upper) % 2 if len(volumes) > 1 else rng.random())
        lesions.append(_node(rng, volume, side=place, level_mm=level, brightness=brightness))
    return lesions


def _primary(rng: np.random.Generator, t_stage: str, *, side: int, brightness: float) -> Lesion:
    lobes = _LOBES[: int(t_stage[1])]
    volume = _VOLUME_ML[t_stage] * np.exp(rng.normal(0, 0.25))
    relative = sum(np.prod(half) * (1.0 if k == 0 else 0.6) for k, (_, half) in enumerate(lobes))
    radius = (volume * 1000 / (_BARREL * np.pi) / relative) ** (1 / 3)
    centres = np.array([centre for centre, _ in lobes]) + rng.normal(0, 1.5, (len(lobes), 3))
    centres[1:] = centres[0] + (centres[1:] - centres[0]) * (radius / 14)
    centres[:, 0] *= side
    half_axes = radius * np.array([half for _, half in lobes]) * np.exp(rng.normal(0, 0.06, (len(lobes), 3)))
    return Lesion(PRIMARY, centres, half_axes, brightness)


def _node(rng: np.random.Generator, volume_ml: float, *, side: int, level_mm: float, brightness: float) -> Lesion:
    radius = (volume_ml * np.exp(rng.normal(0, 0.3)) * 1000 / (_BARREL * np.pi)) ** (1 / 3)
    centre = np.array([side * (36 + 0.35 * radius), 10.0, level_mm]) + rng.normal(0, 2, 3)
    half_axes = radius * np.array([1.0, 1.1, 0.85]) * np.exp(rng.normal(0, 0.06, 3))
    return Lesion(NODE, centre[None], half_axes[None], brightness * float(rng.uniform(0.94, 1.06)))


@dataclass(frozen=True)
class Section:
    """A lesion in one slice, on the points given: signed distance in mm and brightness in contrast-enhanced T1."""

    distance_mm: np.ndarray
    brightness: np.ndarray


def cut(
    rng: np.random.Generator, lesion: Lesion, signs: Signs, *, x: np.ndarray, y: np.ndarray, z: float
) -> Section | None:
    """The lesion at level ``z`` on the points ``x``, ``y`` (mm, shape (h, w)), or None where it is not cut.

    ``signs`` are those of this very slice. Necrosis takes a share of the section's area that follows ``resistance``, as
    a dark core with an enhancing rim; ``no_benefit`` sets the contrast of a fine mottling.
    """
    coarse, border, mottle = (texture(rng, x, y, patch_mm=patch) for patch in (11.0, 7.0, 4.6))
    irregular_mm = 0.4 + 1.4 * expit(2.0 * signs.resistance - 1)
    distance = lesion.distance(x, y, z) + np.float32(irregular_mm) * border
    inside = distance < 0
    if not inside.any():
        return None
    deepest = float(-distance.min())
    # how much a point belongs to the core: deep inside, and where the coarse field says so
    depth = np.clip(-distance / max(deepest, 1.0), 0, 1) + np.float32(0.22) * coarse
    share = necrotic_share(signs)
    brightness = lesion.brightness * (1 + np.float32(0.03 + 0.08 * expit(signs.resistance)) * coarse)
    brightness -= np.float32(mottle_contrast(signs)) * (np.float32(0.5) + np.tanh(np.float32(1.6) * mottle))
    if share > 0:
        threshold = np.quantile(depth[inside], 1 - share)
        core = np.clip((depth - threshold) / np.float32(0.10) + 0.5, 0, 1)
        rim = np.exp(-(((depth - threshold + 0.16) / np.float32(0.10)) ** 2))
        brightness += np.float32(0.16) * rim * (1 - core)
        brightness += core * (np.float32(0.17) - brightness)
    return Section(distance, np.clip(brightness, 0.05, 1.05))


def necrotic_share(signs: Signs) -> float:
    """Share of a section's area that is necrotic."""
    return float(0.58 * expit(4.0 * (signs.resistance - 0.4)))


def mottle_contrast(signs: Signs) -> float:
    """Amplitude of the fine mottling, in units of brightness."""
    return float(0.01 + 0.32 * expit(3.0 * (signs.no_benefit - 0.4)))
