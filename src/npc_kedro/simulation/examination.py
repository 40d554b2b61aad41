"""One patient's examination: the contrast-enhanced series, the other series some patients have, and the outlines."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from scipy.ndimage import zoom

from npc_kedro.simulation.dicom_files import Geometry, SeriesWriter
from npc_kedro.simulation.headers import (
    LOCALIZER,
    T1_AXIAL,
    T1_ENHANCED,
    T2_AXIAL,
    Person,
    Sequence,
    add_grid,
    add_series,
    age_days,
    study_header,
)
from npc_kedro.simulation.lesions import Signs
from npc_kedro.simulation.outlines import write_outlines
from npc_kedro.simulation.phantom import Phantom, Plane, make_phantom
from npc_kedro.simulation.plan import SimulationPlan
from npc_kedro.simulation.scanner import Scan, acquire, draw_scan
from npc_kedro.simulation.tissues import ENHANCED, ENHANCED_FAT_SUPPRESSED, T2, UNENHANCED

_FIELD_MM = (236.0, 262.0)
"""Field of view: 0.46 to 0.51 mm a pixel at 512 x 512."""

_BELOW_MM, _ABOVE_MM = -36.0, 30.0
"""Levels that every examination covers; it reaches further where the tumour does."""

_LOCALIZER_STEP_MM = 14.0
_LOCALIZER_SIDE = 64


@dataclass(frozen=True)
class Subject:
    """What is known of a patient before the scanner.

    Attributes:
        index: number in the cohort, from 0; start of the patient's own random streams.
        person: who lies in the scanner.
        t_stage, n_stage: as in the clinical table.
        radioresistance, induction_benefit: the latent factors.
        outlined: whether a reader outlines the tumour.
    """

    index: int
    person: Person
    t_stage: str
    n_stage: str
    radioresistance: float
    induction_benefit: float
    outlined: bool


def subject_of(row: dict, *, index: int, outlined: bool, seed: int) -> Subject:
    """The subject of one row of the clinical table joined with the truth."""
    days = int(np.random.default_rng([seed, 2, index]).integers(3, 29))
    study = age_days(date.fromisoformat(row["treatment_start"]), days=days)
    person = Person(row["patient_id"], row["sex"], int(row["age"]), study)
    return Subject(
        index, person, row["t_stage"], row["n_stage"], row["radioresistance"], row["induction_benefit"], outlined
    )


def write_examination(folder: Path, subject: Subject, plan: SimulationPlan) -> None:
    """Writes the DICOM files below ``folder/dicom`` and, for an outlined patient, the map in ``folder/outlines``."""
    seed = (plan.seed, 3, subject.index)
    rng = np.random.default_rng([*seed, 0])
    noise = rng.normal(0, plan.sign_noise, 2)
    signs = Signs(subject.radioresistance + noise[0], -subject.induction_benefit + noise[1])
    phantom = make_phantom(seed, t_stage=subject.t_stage, n_stage=subject.n_stage, signs=signs)
    spacing = float(rng.uniform(*_FIELD_MM)) / plan.matrix
    levels = _levels(rng, phantom, plan.slice_spacing_mm)
    room = _Room(folder, subject, plan, rng, _axial(rng, spacing, plan.matrix), levels)
    fat_suppressed = rng.random() < plan.fat_suppressed_share
    moved = bool(rng.random() < plan.motion_share)
    others = rng.random(3) < plan.distractor_share
    series = [(T1_ENHANCED, ENHANCED_FAT_SUPPRESSED if fat_suppressed else ENHANCED)]
    series += [(T2_AXIAL, T2)] if others[0] else []
    series += [(T1_AXIAL, UNENHANCED)] if others[1] else []
    plane = Plane(phantom, rows=plan.matrix, columns=plan.matrix, spacing_mm=spacing)
    cuts = [plane.cut(z, [contrast for _, contrast in series]) for z in levels]
    for k, (sequence, _) in enumerate(series):
        description = _spelling(rng, sequence, fat_suppressed=fat_suppressed)
        room.write_axial(sequence, description, [cut.pictures[k] for cut in cuts], draw_scan(rng, moved=moved))
    if others[2]:
        room.write_localizer(phantom)
    if subject.outlined:
        path = folder / "outlines" / f"{subject.person.patient_id}.nii.gz"
        labels = np.stack([cut.labels for cut in cuts])
        write_outlines(path, labels, geometry=room.axial, first_mm=levels[0], gap_mm=plan.slice_spacing_mm)


class _Room:
    """The scanner room of one patient: writes series into folders nested in one of the ways hospitals do."""

    def __init__(
        self,
        folder: Path,
        subject: Subject,
        plan: SimulationPlan,
        rng: np.random.Generator,
        axial: Geometry,
        levels: list[float],
    ) -> None:
        self.plan, self.rng, self.axial, self.levels = plan, rng, axial, levels
        self.person = subject.person
        self._study = study_header(subject.person, seed=plan.seed)
        patient = self.person.patient_id
        day = self.person.study_date.strftime("%Y%m%d")
        self._nest = (
            f"{patient}/{{series}}",
            f"{patient}/{day}/MR/{{series}}",
            f"batch{subject.index % 3}/{patient}/{{series}}",
        )[int(rng.integers(3))]
        self._dicom = folder / "dicom"

    def write_axial(self, sequence: Sequence, description: str, pictures: list[np.ndarray], scan: Scan) -> None:
        """Writes one axial series, from below upwards."""
        writer, folder = self._open(
            sequence, description, self.axial, self.plan.slice_thickness_mm, self.plan.slice_spacing_mm
        )
        for number, (picture, level) in enumerate(zip(pictures, self.levels, strict=True), start=1):
            pixels = acquire(self.rng, picture, scan)
            writer.write(
                folder / f"IM{number:04d}.dcm", pixels, number=number, geometry=self.axial, along_normal_mm=level
            )

    def write_localizer(self, phantom: Phantom) -> None:
        """Writes a few coarse pictures in three planes."""
        side, spacing = _LOCALIZER_SIDE, max(_FIELD_MM) / _LOCALIZER_SIDE
        plane = Plane(phantom, rows=side, columns=side, spacing_mm=spacing)
        steps = np.arange(-80.0, 57.0, _LOCALIZER_STEP_MM)
        stack = np.stack([plane.cut(float(z), [UNENHANCED]).pictures[0] for z in steps])
        scan = draw_scan(self.rng, moved=False)
        x, y, z = np.eye(3)
        # rows of the upright planes run from the top of the head downwards
        upright = zoom(stack[::-1], (_LOCALIZER_STEP_MM / spacing, 1, 1), order=1)[:side]
        top = np.full((side, side, side), 0.02, np.float32)
        start = (side - len(upright)) // 2
        top[start : start + len(upright)] = upright
        planes = [(x, y, stack[len(stack) // 2]), (y, -z, top[:, :, side // 2]), (x, -z, top[:, side // 2, :])]
        description = _spelling(self.rng, LOCALIZER, fat_suppressed=False)
        for number, (row, column, picture) in enumerate(planes, start=1):
            geometry = Geometry(row, column, spacing, side, side)
            writer, folder = self._open(LOCALIZER, description, geometry, 5.0, 10.0)
            pixels = acquire(self.rng, np.ascontiguousarray(picture), scan)
            writer.write(folder / f"IM{number:04d}.dcm", pixels, number=number, geometry=geometry, along_normal_mm=0.0)

    def _open(
        self, sequence: Sequence, description: str, geometry: Geometry, thickness_mm: float, gap_mm: float
    ) -> tuple[SeriesWriter, Path]:
        header = deepcopy(self._study)
        times = tuple(float(self.rng.uniform(*span)) for span in (sequence.repetition_ms, sequence.echo_ms))
        add_series(header, sequence, seed=self.plan.seed, description=description, times_ms=times)
        add_grid(
            header,
            rows=geometry.rows,
            columns=geometry.columns,
            spacing_mm=geometry.spacing_mm,
            thickness_mm=thickness_mm,
            gap_mm=gap_mm,
        )
        folder = self._dicom / self._nest.format(series=f"S{sequence.number:03d}")
        folder.mkdir(parents=True, exist_ok=True)
        return SeriesWriter(header, seed=self.plan.seed), folder


def _axial(rng: np.random.Generator, spacing_mm: float, matrix: int) -> Geometry:
    """An axial stack, tilted a few degrees about the left-right axis as technicians do along the palate."""
    tilt = np.deg2rad(rng.normal(0, 4))
    return Geometry(np.array([1.0, 0, 0]), np.array([0, np.cos(tilt), np.sin(tilt)]), spacing_mm, matrix, matrix)


def _levels(rng: np.random.Generator, phantom: Phantom, gap_mm: float) -> list[float]:
    """Levels of the slices in mm, from below upwards, with tumour-free slices at both ends."""
    extents = [lesion.extent_z() for lesion in phantom.lesions]
    low = min(_BELOW_MM, min(e[0] for e in extents) - 4)
    high = max(_ABOVE_MM, max(e[1] for e in extents) + 4)
    low -= float(rng.uniform(0, gap_mm))
    return [round(low + k * gap_mm, 3) for k in range(int((high - low) / gap_mm) + 1)]


def _spelling(rng: np.random.Generator, sequence: Sequence, *, fat_suppressed: bool) -> str:
    names = sequence.descriptions
    if sequence.contrast_agent:
        names = tuple(name for name in names if ("fs" in name.lower().split()) == fat_suppressed)
    return names[int(rng.integers(len(names)))]
