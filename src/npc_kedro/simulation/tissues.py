"""How bright each tissue is in each kind of series, relative to the brightest.

Source: general radiological knowledge, as in the facts about the phantom; contrast-enhanced T1 at 3 T.
"""

from dataclasses import dataclass

TISSUES = {
    #               T1 + Gd, T1 + Gd fat suppressed, T1, T2
    "air": (0.02, 0.02, 0.02, 0.02),
    "bone": (0.05, 0.05, 0.05, 0.05),
    "brain": (0.50, 0.47, 0.46, 0.50),
    "cells": (0.12, 0.12, 0.10, 0.18),
    "fat": (0.92, 0.24, 0.95, 0.80),
    "fluid": (0.16, 0.14, 0.14, 1.00),
    "gland": (0.68, 0.60, 0.60, 0.55),
    "marrow": (0.74, 0.26, 0.72, 0.48),
    "mucosa": (0.90, 0.92, 0.42, 0.78),
    "muscle": (0.40, 0.40, 0.36, 0.22),
    "sinus_wall": (0.62, 0.60, 0.32, 0.55),
    "skin": (0.58, 0.50, 0.52, 0.45),
    "tongue": (0.52, 0.42, 0.50, 0.34),
    "vein": (0.84, 0.84, 0.22, 0.12),
    "vessel_wall": (0.45, 0.45, 0.30, 0.20),
    "vitreous": (0.18, 0.16, 0.16, 0.98),
    "void": (0.08, 0.08, 0.08, 0.05),
}


@dataclass(frozen=True)
class Contrast:
    """One kind of series.

    Attributes:
        column: place in :data:`TISSUES`.
        lesion_gain, lesion_offset: brightness of tumour from its brightness in contrast-enhanced T1.
    """

    column: int
    lesion_gain: float
    lesion_offset: float

    def of(self, tissue: str) -> float:
        """Brightness of a tissue."""
        return TISSUES[tissue][self.column]


ENHANCED = Contrast(0, 1.0, 0.0)
ENHANCED_FAT_SUPPRESSED = Contrast(1, 1.0, 0.0)
UNENHANCED = Contrast(2, 0.25, 0.22)
T2 = Contrast(3, -0.55, 0.95)
