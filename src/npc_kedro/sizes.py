"""How large a cohort is, as far as that is known before the run that reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from npc_kedro.scale import Scale
from npc_kedro.study import Arm

_SCANNED_MM = 100.0
"""From the lowest to the highest slice of a simulated patient: 98 mm on average."""


def _nothing_stored(dataset: str) -> None:
    del dataset


@dataclass(frozen=True)
class Sizes:
    """What is known of a cohort.

    A real cohort's patients are counted by ``ingest``: before that its numbers are 0.

    Attributes:
        patients_of_arm: by the arm's name.
        outlined: patients with manual outlines, over both arms.
        slices_of_patient: on average.
        matrix: side of the stored slices, pixels.
        crop_size: side of the stored crops, pixels.
        stored: the dataset of that name, None where it is not there yet.
    """

    patients_of_arm: Mapping[str, int]
    outlined: int
    slices_of_patient: int
    matrix: int
    crop_size: int
    stored: Callable[[str], Any] = field(default=_nothing_stored)

    @classmethod
    def of(cls, scale: Scale, stored: Callable[[str], Any] = _nothing_stored) -> "Sizes":
        """What ``globals.yml`` says."""
        simulated = not scale.cohort_root
        patients = {arm.value: getattr(scale.simulation.patients, arm.slug) if simulated else 0 for arm in Arm}
        return cls(
            patients_of_arm=patients,
            outlined=scale.simulation.outlined if simulated else 0,
            slices_of_patient=round(_SCANNED_MM / scale.simulation.slice_spacing_mm),
            matrix=scale.matrix,
            crop_size=scale.classifier.crop_size,
            stored=stored,
        )
