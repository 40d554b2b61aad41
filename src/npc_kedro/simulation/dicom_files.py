"""Writes the slices of a series: what they share is encoded once, what differs is encoded per slice."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from npc_kedro.simulation.headers import decimal, uid

_PREAMBLE = b"\0" * 128 + b"DICM"
_IMPLEMENTATION = "1.2.826.0.1.3680043.8.498.1"


@dataclass(frozen=True)
class Geometry:
    """Where a stack of slices lies, in DICOM's patient frame (mm: x to the left, y backwards, z upwards).

    Attributes:
        row_direction: unit vector along increasing column index.
        column_direction: unit vector along increasing row index.
        spacing_mm: from pixel to pixel, in both directions.
        rows, columns: size of the grid.
    """

    row_direction: np.ndarray
    column_direction: np.ndarray
    spacing_mm: float
    rows: int
    columns: int

    @property
    def normal(self) -> np.ndarray:
        """Unit vector from slice to slice."""
        return np.cross(self.row_direction, self.column_direction)

    def position(self, along_normal_mm: float) -> np.ndarray:
        """ImagePositionPatient: centre of the first pixel of the slice whose centre lies on the normal."""
        right = self.row_direction * (self.columns - 1) / 2
        down = self.column_direction * (self.rows - 1) / 2
        return self.normal * along_normal_mm - (right + down) * self.spacing_mm


class SeriesWriter:
    """Writes one series' slices with a header that is encoded once.

    Args:
        header: everything that the slices share, including their grid.
        seed: start of the SOP instance UIDs.
    """

    def __init__(self, header: Dataset, *, seed: int) -> None:
        self._seed = seed
        self._series = (str(header.PatientID), int(header.SeriesNumber))
        self._shared = {int(element.tag): _encoded(element) for element in header}

    def write(self, path: Path, pixels: np.ndarray, *, number: int, geometry: Geometry, along_normal_mm: float) -> None:
        """Writes slice ``number`` (from 1); ``pixels`` is int16 of shape (rows, columns)."""
        own = Dataset()
        own.SOPInstanceUID = uid(self._seed, *self._series, number)
        own.InstanceNumber = number
        own.ImagePositionPatient = [decimal(v) for v in geometry.position(along_normal_mm)]
        own.ImageOrientationPatient = [decimal(v) for v in (*geometry.row_direction, *geometry.column_direction)]
        own.SliceLocation = decimal(along_normal_mm)
        low, high = np.percentile(pixels[::4, ::4], (2, 99.5))
        own.WindowCenter, own.WindowWidth = decimal(round((low + high) / 2)), decimal(max(round(high - low), 1))
        own.add_new("PixelData", "OW", np.ascontiguousarray(pixels, "<i2").tobytes())
        elements = self._shared | {int(element.tag): _encoded(element) for element in own}
        path.write_bytes(b"".join([_file_meta(own.SOPInstanceUID), *(elements[tag] for tag in sorted(elements))]))


def _encoded(element) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_data_element(buffer, element, ["iso8859"])
    return buffer.getvalue()


def _file_meta(instance_uid: str) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _IMPLEMENTATION
    meta.ImplementationVersionName = "NPC_KEDRO_SIM"
    buffer = BytesIO(_PREAMBLE)
    buffer.seek(len(_PREAMBLE))
    write_file_meta_info(buffer, meta)
    return buffer.getvalue()
