"""The headers of simulated MR series: MR Image Storage as a GE scanner at 3 T writes it, with invented people.

Source: DICOM PS3.3 A.4 (MR Image IOD); tags are named by their keywords.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage, generate_uid

_PREFIX = "1.2.826.0.1.3680043.8.498."
"""Root for UIDs that pydicom offers to those without one."""


@dataclass(frozen=True)
class Person:
    """Whose study it is; nobody's.

    Attributes:
        patient_id: as in the clinical table.
        sex: ``male`` or ``female``.
        age: in years at the start of treatment.
        study_date: day of the examination.
    """

    patient_id: str
    sex: str
    age: int
    study_date: date

    @property
    def name(self) -> str:
        """A name that says what it is, e.g. ``SIMULATED^0001``."""
        return f"SIMULATED^{self.patient_id.removeprefix('SIM')}"


@dataclass(frozen=True)
class Sequence:
    """One kind of series a centre acquires.

    Attributes:
        number: SeriesNumber.
        descriptions: spellings in use, one of which a patient gets.
        sequence: ScanningSequence; ``variant`` and ``options``: SequenceVariant, ScanOptions.
        repetition_ms, echo_ms: usual ranges.
        flip_deg: flip angle.
        echo_train: EchoTrainLength.
        contrast_agent: whether gadolinium was given before.
    """

    number: int
    descriptions: tuple[str, ...]
    sequence: str
    variant: str
    repetition_ms: tuple[float, float]
    echo_ms: tuple[float, float]
    flip_deg: int
    echo_train: int
    contrast_agent: bool = False
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "OTHER")


LOCALIZER = Sequence(1, ("3-plane Loc", "3Plane Loc SSFSE"), "GR", "SP", (5, 6), (1.6, 2.2), 30, 1)
T2_AXIAL = Sequence(3, ("Ax T2 FSE", "OAx T2 FRFSE"), "SE", "SK", (2900, 4400), (67, 117), 111, 16)
T1_AXIAL = Sequence(4, ("Ax T1 FSE", "OAx T1"), "SE", "SK", (400, 700), (8, 15), 111, 3)
T1_ENHANCED = Sequence(
    7, ("Ax T1 FSE +C", "OAx T1 fs +C", "AX T1 GD", "OAx T1 FS C+"), "SE", "SK", (400, 700), (8, 15), 111, 3, True
)


def uid(*sources: object) -> str:
    """A UID that depends on ``sources`` alone."""
    return str(generate_uid(prefix=_PREFIX, entropy_srcs=[repr(source) for source in sources]))


def study_header(person: Person, *, seed: int) -> Dataset:
    """What all series of a patient share: patient, study, frame of reference and equipment."""
    born = date(person.study_date.year - person.age, 1, 1)
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 100"
    header.SOPClassUID = MRImageStorage
    header.StudyDate = person.study_date.strftime("%Y%m%d")
    header.StudyTime = "090000"
    header.AccessionNumber = ""
    header.Modality = "MR"
    header.Manufacturer = "GE MEDICAL SYSTEMS"
    header.InstitutionName = "SIMULATED"
    header.ReferringPhysicianName = ""
    header.StationName = "SIM3T"
    header.StudyDescription = "MR nasopharynx and neck"
    header.ManufacturerModelName = "DISCOVERY MR750"
    header.PatientName = person.name
    header.PatientID = person.patient_id
    header.PatientBirthDate = born.strftime("%Y%m%d")
    header.PatientSex = "M" if person.sex == "male" else "F"
    header.PatientAge = f"{person.age:03d}Y"
    header.PatientComments = "Simulated images; no person was examined"
    header.MagneticFieldStrength = "3"
    header.ImagingFrequency = "127.76"
    header.ImagedNucleus = "1H"
    header.DeviceSerialNumber = "0"
    header.SoftwareVersions = "npc_kedro simulation"
    header.PatientPosition = "HFS"
    header.BodyPartExamined = "HEADNECK"
    header.StudyInstanceUID = uid(seed, person.patient_id, "study")
    header.StudyID = "1"
    header.FrameOfReferenceUID = uid(seed, person.patient_id, "frame")
    header.PositionReferenceIndicator = "NA"
    return header


def add_series(
    header: Dataset, sequence: Sequence, *, seed: int, description: str, times_ms: tuple[float, float]
) -> None:
    """Adds what the slices of one series share; ``times_ms`` are its repetition and echo times."""
    header.SeriesInstanceUID = uid(seed, header.PatientID, "series", sequence.number)
    header.SeriesNumber = sequence.number
    header.SeriesDescription = description
    header.ProtocolName = "NPC"
    header.ImageType = list(sequence.image_type)
    minute = f"09{2 * sequence.number:02d}00"
    header.SeriesDate = header.AcquisitionDate = header.ContentDate = header.StudyDate
    header.SeriesTime = header.AcquisitionTime = header.ContentTime = minute
    header.ScanningSequence = sequence.sequence
    header.SequenceVariant = sequence.variant
    header.ScanOptions = "FS" if "fs" in description.lower().split() else ""
    header.MRAcquisitionType = "2D"
    header.SequenceName = "fse" if sequence.sequence == "SE" else "fgre"
    header.RepetitionTime = f"{times_ms[0]:.1f}"
    header.EchoTime = f"{times_ms[1]:.2f}"
    header.NumberOfAverages = "1"
    header.EchoNumbers = "1"
    header.EchoTrainLength = sequence.echo_train
    header.PixelBandwidth = "244.141"
    header.FlipAngle = sequence.flip_deg
    header.InPlanePhaseEncodingDirection = "ROW"
    header.SAR = "0.8"
    header.ReceiveCoilName = "HNS Head"
    header.AcquisitionNumber = 1
    if sequence.contrast_agent:
        header.ContrastBolusAgent = "Gd-DTPA"
        header.ContrastBolusRoute = "IV"
        header.ContrastBolusVolume = "15"


def add_grid(
    header: Dataset, *, rows: int, columns: int, spacing_mm: float, thickness_mm: float, gap_mm: float
) -> None:
    """Adds the pixel grid of a series and how its slices follow each other; ``gap_mm`` from centre to centre."""
    header.SliceThickness = decimal(thickness_mm)
    header.SpacingBetweenSlices = decimal(gap_mm)
    header.AcquisitionMatrix = [0, columns, rows, 0]
    header.ReconstructionDiameter = decimal(spacing_mm * max(rows, columns))
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.Rows, header.Columns = rows, columns
    header.PixelSpacing = [decimal(spacing_mm), decimal(spacing_mm)]
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
    header.PixelRepresentation = 1


def age_days(start: date, *, days: int) -> date:
    """The day ``days`` before ``start``."""
    return start - timedelta(days=days)


def decimal(value: float) -> str:
    """A number as DICOM's decimal string, within its sixteen characters."""
    return f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) >= 1e-6 else "0"
