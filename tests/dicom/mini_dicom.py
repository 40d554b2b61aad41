"""A factory of tiny but complete DICOM files, whole cohorts and outlines for tests.

Every file is MR Image Storage with all mandatory tags; tests change or remove single tags, or damage the bytes.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def uid(*sources: object) -> str:
    """The same UID for the same sources."""
    return str(generate_uid(entropy_srcs=[repr(source) for source in sources]))


def picture(*seed: int, shape: tuple[int, int] = (16, 16)) -> np.ndarray:
    """Stored values that differ from picture to picture."""
    return np.random.default_rng([7, *seed]).integers(0, 1000, shape, dtype=np.uint16)


@dataclass(frozen=True)
class MiniSeries:
    """A series of one patient; ``tags`` override whatever the factory writes."""

    patient_id: str = "P1"
    number: int = 1
    description: str = "Ax T1 FSE +C"
    agent: str = "Gd-DTPA"
    slices: int = 4
    shape: tuple[int, int] = (16, 16)
    spacing: tuple[float, float] = (1.0, 1.0)
    distance_mm: float = 5.0
    orientation: tuple[float, ...] = AXIAL
    origin: tuple[float, float, float] = (-8.0, -8.0, -10.0)
    tags: dict[str, Any] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        return str(self.tags.get("SeriesInstanceUID", uid(self.patient_id, self.number)))

    def position(self, index: int) -> tuple[float, float, float]:
        """ImagePositionPatient of the slice ``index``."""
        across = np.cross(self.orientation[:3], self.orientation[3:])
        x, y, z = np.array(self.origin) + across * self.distance_mm * index
        return float(x), float(y), float(z)

    def dataset(self, index: int, pixels: np.ndarray | None = None) -> Dataset:
        """The slice ``index`` as a dataset with file meta."""
        seed = sum(ord(letter) * 31**place for place, letter in enumerate(self.patient_id)) % 2**31
        values = picture(seed, self.number, index, shape=self.shape) if pixels is None else pixels
        dataset = Dataset()
        dataset.SOPClassUID = MR_IMAGE_STORAGE
        dataset.SOPInstanceUID = uid(self.patient_id, self.number, index)
        dataset.StudyInstanceUID = uid(self.patient_id, "study")
        dataset.SeriesInstanceUID = self.uid
        dataset.Modality = "MR"
        dataset.PatientID = self.patient_id
        dataset.PatientName = f"Doe{self.patient_id}^Jane"
        dataset.PatientBirthDate = "19700102"
        dataset.SeriesDescription = self.description
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        dataset.ScanningSequence = "SE"
        dataset.RepetitionTime, dataset.EchoTime = "500", "10"
        if self.agent:
            dataset.ContrastBolusAgent = self.agent
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = [round(value, 6) for value in self.position(index)]
        dataset.ImageOrientationPatient = list(self.orientation)
        dataset.PixelSpacing = list(self.spacing)
        dataset.SliceThickness = "5"
        dataset.Rows, dataset.Columns = values.shape
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit = 15
        dataset.PixelRepresentation = 0
        dataset.PixelData = values.astype("<u2").tobytes()
        dataset["PixelData"].VR = "OW"
        for keyword, value in self.tags.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", MR_IMAGE_STORAGE)
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", uid("none"))
        return dataset

    def content(self, index: int, change: Callable[[Dataset], None] | None = None) -> bytes:
        """The bytes of the slice ``index``, after ``change``."""
        dataset = self.dataset(index)
        if change is not None:
            change(dataset)
        return encoded(dataset)

    def write(self, folder: Path) -> list[Path]:
        """Writes every slice below ``folder`` and returns the paths."""
        target = folder / self.patient_id.strip() / f"s{self.number}"
        target.mkdir(parents=True, exist_ok=True)
        paths = [target / f"im{index}" for index in range(self.slices)]
        for index, path in enumerate(paths):
            path.write_bytes(self.content(index))
        return paths

    def affine(self) -> np.ndarray:
        """From voxel (column, row, slice) to RAS, as ITK-SNAP writes a label map of this series."""
        across = np.cross(self.orientation[:3], self.orientation[3:])
        lps = np.eye(4)
        lps[:3, 0] = np.array(self.orientation[:3]) * self.spacing[1]
        lps[:3, 1] = np.array(self.orientation[3:]) * self.spacing[0]
        lps[:3, 2] = across * self.distance_mm
        lps[:3, 3] = self.origin
        return np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps


def encoded(dataset: Dataset) -> bytes:
    """A dataset as the bytes of a file."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def clinical_row(patient_id: str, **changes: object) -> dict[str, object]:
    """A complete and eligible row of the clinical table."""
    return {
        "patient_id": patient_id, "arm": "CCRT", "residual_tumor": 0, "age": 50, "sex": "male",
        "ajcc_stage": "III", "t_stage": "T3", "n_stage": "N1", **changes,
    }  # fmt: skip


def write_clinical(root: Path, rows: list[dict[str, object]], *, separator: str = ",", encoding: str = "utf-8") -> None:
    """Writes ``clinical.csv``."""
    lines = [separator.join(rows[0])] + [separator.join(str(value) for value in row.values()) for row in rows]
    (root / "clinical.csv").write_text("\n".join(lines) + "\n", encoding=encoding)


def label_map(series: MiniSeries) -> np.ndarray:
    """Labels (column, row, slice): a primary (1) and, one slice up, a node (2), nowhere symmetric."""
    labels = np.zeros((series.shape[1], series.shape[0], series.slices), dtype=np.uint8)
    labels[3:6, 2:8, 1] = 1
    labels[10:12, 9:10, 2] = 2
    return labels


def write_outline(path: Path, labels: np.ndarray, affine: np.ndarray | None) -> None:
    """Writes a NIfTI label map; without ``affine`` one that does not say where it lies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(labels, affine), path)
