"""The study's own words, written down once: arms, outcomes, units, networks, cohorts.

Source: Hua et al., Quant Imaging Med Surg 2023;13(6):3569-3586, doi 10.21037/qims-22-1226.
"""

from enum import StrEnum
from typing import NewType

PatientKey = NewType("PatientKey", str)
"""Keyed hash of a patient's identifier, 16 hexadecimal digits. The only name a patient has past ``ingest``."""


class Arm(StrEnum):
    """The treatment a patient was given, as the publication prints it."""

    CCRT = "CCRT"
    IC_CCRT = "IC+CCRT"

    @property
    def slug(self) -> str:
        """The arm in names of nodes, datasets and files: ``ccrt`` or ``ic_ccrt``."""
        return {Arm.CCRT: "ccrt", Arm.IC_CCRT: "ic_ccrt"}[self]


class Outcome(StrEnum):
    """The state 3-6 months after radiotherapy. Residual tumour is the positive class throughout."""

    RT = "RT"
    NRT = "NRT"


class Unit(StrEnum):
    """What a classifier learns from: a slice with its patient's label, or the bag of all the patient's slices."""

    IMAGE = "image"
    PATIENT = "patient"


class Cohort(StrEnum):
    """The 4:1 split within each arm."""

    TRAIN = "train"
    TEST = "test"


class Recommendation(StrEnum):
    """What the two models together recommend; IBT is individual-based treatment."""

    CCRT = "CCRT"
    IC_CCRT = "IC+CCRT"
    IBT = "IBT"


class Verdict(StrEnum):
    """The judgement on a recommendation or on a physician's choice."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNDETERMINED = "undetermined"


NETWORKS: tuple[str, ...] = ("efficientnet_b0", "inception_resnet_v2", "resnet50", "xception")
"""The four classifiers, by the publication's names. A new one is a line here and a line under
``train_classifiers.networks`` (its timm architecture and input size)."""

SEGMENTERS: tuple[str, ...] = ("unet", "deeplabv3")
"""The two segmenters, by the names used in dataset and run names."""

SIMULATED_MARK = "SIMULATED COHORT - not patients"
"""Written on every figure and page that comes from the simulated cohort."""

RESEARCH_USE = "Research use only. Not a medical device; not for treatment decisions."


def training_name(arm: Arm, network: str, unit: Unit) -> str:
    """One of the sixteen trainings as it is named in datasets, runs and folders, e.g. ``ic_ccrt__resnet50__image``."""
    return f"{arm.slug}__{network}__{unit.value}"
