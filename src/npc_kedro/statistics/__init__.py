"""The study's statistics: each module one family of methods, each result a frozen dataclass, each bad input an error.

Nothing here knows torch, DICOM or Kedro; scipy.stats, pandas and statsmodels load when a function first needs them.
"""

from npc_kedro.statistics import (
    bootstrap,
    calibration,
    classification,
    contingency,
    intervals,
    means,
    paired,
    proportions,
    roc,
)

__all__ = [
    "bootstrap",
    "calibration",
    "classification",
    "contingency",
    "intervals",
    "means",
    "paired",
    "proportions",
    "roc",
]
