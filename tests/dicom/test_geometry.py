"""Places of slices, by hand."""

import numpy as np
import pytest

from npc_kedro.dicom.geometry import GeometryError, SliceGeometry, common_normal


def geometry(orientation: tuple[float, ...], position: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> SliceGeometry:
    return SliceGeometry(position, orientation, (2.0, 0.5), (10, 20))  # type: ignore[arg-type]


AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


@pytest.mark.parametrize(("orientation", "tilt"), [(AXIAL, 0.0), (SAGITTAL, 90.0), (CORONAL, 90.0)])
def test_tilt(orientation: tuple[float, ...], tilt: float) -> None:
    assert geometry(orientation).tilt_degrees == pytest.approx(tilt)


def test_oblique_axial_by_its_angle() -> None:
    angle = np.radians(20.0)
    assert geometry((1, 0, 0, 0, float(np.cos(angle)), float(np.sin(angle)))).tilt_degrees == pytest.approx(20.0)


@pytest.mark.parametrize("orientation", [AXIAL, (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.0, 1.0, 0.0, 1.0, 0.0, 0.0)])
def test_the_normal_of_axial_slices_points_to_the_head(orientation: tuple[float, ...]) -> None:
    np.testing.assert_allclose(geometry(orientation).normal, [0, 0, 1])


def test_pixels_lie_where_dicom_says() -> None:
    # PS3.3 C.7.6.2.1.1: columns go along the first direction by the spacing between columns.
    matrix = geometry(AXIAL, (1.0, 2.0, 3.0)).pixel_to_patient()
    np.testing.assert_allclose(matrix @ [3, 4, 1], [1 + 4 * 0.5, 2 + 3 * 2.0, 3, 1])


@pytest.mark.parametrize(
    ("orientation", "spacing"),
    [((0.0,) * 6, (1.0, 1.0)), ((1.0, 0, 0, 1.0, 0, 0), (1.0, 1.0)), ((2.0, 0, 0, 0, 2.0, 0), (1.0, 1.0)),
     (AXIAL, (1.0, 0.0)), (AXIAL, (1.0, float("nan"))), (AXIAL, (1.0, 1e-5)), (AXIAL, (1e308, 1e308)),
     ((float("nan"), 0, 0, 0, 1, 0), (1.0, 1.0))],
)  # fmt: skip
def test_bad_input_18_impossible_geometry_is_refused(
    orientation: tuple[float, ...], spacing: tuple[float, float]
) -> None:
    with pytest.raises(GeometryError, match=r"is \[.*; expected two"):
        SliceGeometry((0.0, 0.0, 0.0), orientation, spacing, (2, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize("far", [1e307, -1e6, float("inf"), float("nan")])
def test_bad_input_18_a_position_outside_any_scanner_is_refused(far: float) -> None:
    with pytest.raises(GeometryError, match=r"ImagePositionPatient is .*; expected three numbers up to 100000 mm"):
        geometry(AXIAL, (0.0, 0.0, far))


def test_most_slices_decide_the_normal() -> None:
    noisy = (0.99999, 0.001, 0.0, -0.001, 1.0, 0.0)
    np.testing.assert_allclose(
        common_normal([geometry(SAGITTAL), geometry(AXIAL), geometry(noisy)]), [0, 0, 1], atol=1e-2
    )
