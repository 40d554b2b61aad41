"""Names in character sets that the file declares, and that it does not."""

import io

import pydicom
import pytest
from pydicom.dataset import Dataset

from mini_dicom import MiniSeries, encoded
from npc_kedro.dicom.outlines.rtstruct import read_structure_set
from outline_objects import KEYS, contour_in, rtstruct

SERIES = MiniSeries("P1")


def written(name: bytes, character_set: str = "") -> Dataset:
    """A structure set whose ROI has a name of these bytes."""
    stand_in = "x" * len(name)
    dataset = rtstruct(SERIES, {stand_in: [(1, contour_in(SERIES, 1, [(2, 3), (2, 5), (7, 5)]))]})
    if character_set:
        dataset.SpecificCharacterSet = character_set
    return pydicom.dcmread(io.BytesIO(encoded(dataset).replace(stand_in.encode(), name)))


@pytest.mark.parametrize(
    ("name", "encoding", "character_set"),
    [
        ("鼻咽肿瘤", "gb18030", ""),
        ("GTV 原发灶", "gb18030", ""),
        ("肿瘤左", "utf-8", ""),
        ("鼻咽肿瘤", "gb18030", "GB18030"),
        ("肿瘤左侧", "utf-8", "ISO_IR 192"),
        ("Größe récidive", "latin-1", ""),  # two high bytes side by side, but one alone too
        ("récidive tumorale", "latin-1", "ISO_IR 100"),
        ("GTVp", "ascii", ""),
    ],
)
def test_bad_input_28_names_are_read_in_their_character_set(name: str, encoding: str, character_set: str) -> None:
    found = read_structure_set(written(name.encode(encoding), character_set), KEYS)
    assert found.rois[0].names == (name,)
